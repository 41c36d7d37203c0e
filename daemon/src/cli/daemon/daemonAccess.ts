/** What a command needs to reach the daemon: which data home, by which places, and how `ouro` itself is started. */

import packageJson from "../../../package.json" with { type: "json" };
import { locateDataHome, prepareDataHome } from "../../base/dataHome.js";
import type { DaemonAccess } from "../../transport/daemon/ensureDaemon.js";
import { locateRuntime, platformOf } from "../../transport/daemon/runtimeFolder.js";
import { type Cli, InterruptedCommand } from "../cli.js";
import { ownCommand } from "../processCli.js";

/** Names places; touches nothing. */
export function accessOf(cli: Cli, options: { readonly home?: string | undefined }): DaemonAccess {
  const home = locateDataHome({ OURO_HOME: options.home ?? cli.environment.OURO_HOME });
  const platform = platformOf(cli.environment);
  return {
    home,
    runtime: locateRuntime(home, platform),
    platform,
    version: packageJson.version,
    command: ownCommand(),
    environment: cli.environment,
    signal: cli.signal,
  };
}

/** Access for a command that may have to start a daemon, which needs its data home. */
export async function preparedAccessOf(
  cli: Cli,
  options: { readonly home?: string | undefined },
): Promise<DaemonAccess> {
  const access = accessOf(cli, options);
  await prepareDataHome(access.home);
  return access;
}

/** Ctrl-C while reaching the daemon, or while it works, is no failure. */
export async function orInterrupted<T>(cli: Cli, reaching: Promise<T>): Promise<T> {
  try {
    return await reaching;
  } catch (error) {
    if (cli.signal.aborted && !(error instanceof InterruptedCommand))
      throw new InterruptedCommand("Stopped.");
    throw error;
  }
}
