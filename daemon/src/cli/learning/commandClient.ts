/**
 * The client that works for `ouro complete|teach|learned|undo`: the running daemon, whose model is hot and who holds the journal,
 * else an Assistant of this process, put together as the daemon's is. A command that names another model, other weights
 * or threads than the daemon has works in its own process too.
 */

import packageJson from "../../../package.json" with { type: "json" };
import type { Assistant, CommandClient } from "../../assistant/assistant.js";
import { NO_LOG } from "../../base/log.js";
import { identifyChoice, openAssistant, type Workplace } from "../../compose.js";
import { findHttp } from "../../transport/daemon/connect.js";
import { unlessFrozen } from "../../transport/daemon/ensureDaemon.js";
import { DaemonRefusal, type HttpClient } from "../../transport/http/httpClient.js";
import { createRemoteClient } from "../../transport/http/remoteClient.js";
import { type Cli, InterruptedCommand } from "../cli.js";
import { accessOf, orInterrupted } from "../daemon/daemonAccess.js";
import type { ModelOptions } from "../options.js";
import { noteLostChoice } from "../place.js";

/** Where the work is done: what is begun in the daemon goes on there when the command ends. */
export type Worker = "daemon" | "process";

export interface CommandRun {
  readonly cli: Cli;
  readonly options: ModelOptions;
  readonly workplace: Workplace;
}

/** Says where the model that was chosen is not known. Throws `InterruptedCommand` once Ctrl-C was pressed. */
export async function withClient<T>(
  run: CommandRun & {
    /** Whether corrections that wait may be learned too while an Assistant is open in this process. */
    readonly learns: boolean;
    readonly use: (client: CommandClient, worker: Worker) => Promise<T>;
  },
): Promise<T> {
  noteLostChoice(run);
  const daemon = await daemonFor(run);
  if (daemon) {
    const { lock } = accessOf(run.cli, run.options).runtime;
    const work = () => run.use(createRemoteClient(daemon), "daemon");
    return orInterrupted(run.cli, unlessFrozen(lock, work));
  }
  const { cli, options, workplace } = run;
  const assistant = await openAssistant({
    homeFolder: workplace.home.root,
    version: packageJson.version,
    log: NO_LOG,
    own: { choice: options, signal: cli.signal },
  });
  try {
    return await orInterrupted(cli, run.use(connect(assistant, run.learns), "process"));
  } finally {
    await assistant.close();
  }
}

function connect(assistant: Assistant, learns: boolean): CommandClient {
  const client = assistant.connect({ onState: () => {}, onLearned: () => {} });
  client.setPaused(!learns);
  return client;
}

/** Undefined where none runs, or where it has another model than the one that is asked for. */
async function daemonFor({ cli, options, workplace }: CommandRun): Promise<HttpClient | undefined> {
  if (options.threads !== undefined) return undefined;
  const daemon = await orInterrupted(cli, findHttp(accessOf(cli, options)));
  const namesNone = [options.model, options.vocab, options.weights].every((each) => each === undefined);
  if (daemon === undefined || namesNone) return daemon;
  const served = await orInterrupted(cli, daemon.model(cli.signal).catch(unlessUnknown));
  if (served === undefined) return undefined;
  // What is wrong with a file is told by who loads it.
  const asked = await identifyChoice({ home: workplace.home, workplace, choice: options }).catch(
    () => undefined,
  );
  const isSameModel = served.hash === asked?.hash && served.vocabularyHash === asked.vocabularyHash;
  const hasWeights = options.weights === undefined || served.weights === options.weights;
  return isSameModel && hasWeights ? daemon : undefined;
}

/** An older daemon does not say which model it has. */
function unlessUnknown(error: unknown): undefined {
  if (error instanceof DaemonRefusal && ["route-unknown", "method-wrong"].includes(error.daemonCode))
    return undefined;
  throw error;
}

/** `work`, unless Ctrl-C comes first; then it is left to itself, and `stopped` says what that means. */
export async function unlessStopped<T>(cli: Cli, work: Promise<T>, stopped: string): Promise<T> {
  const { signal } = cli;
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = () => reject(new InterruptedCommand(stopped));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  work.catch(() => undefined);
  return Promise.race([work, aborted]);
}
