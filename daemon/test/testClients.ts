/**
 * Stand-ins for npm, pip and cargo that know the packages they are given. They leave archives where the real clients
 * do and refuse as they do. Not part of the product. POSIX only.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { archiveName } from "../src/lab/corpus/sources/archiveCache.js";
import type { MadePackage } from "./testTarball.js";

/** How the archive of `specification` is asked for, and where it then lies. */
const CLIENTS = {
  npm: { command: "npm", asks: (p: MadePackage) => `${p.name}@${p.version}`, leaves: "." },
  pypi: { command: "pip", asks: (p: MadePackage) => `${p.name}==${p.version}`, leaves: "." },
  crates: {
    command: "cargo",
    asks: (p: MadePackage) => `${p.name}@${p.version}`,
    leaves: "registry/cache/index",
  },
} as const;

/**
 * Writes the three commands into `folder`, which then is all the PATH that a test needs. Every call is logged in
 * `calls` inside it; a package named `slow` never arrives.
 */
export async function writeClients(folder: string, packages: readonly MadePackage[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const source of packages) await writeFile(join(folder, archiveName(source)), source.tarball);
  for (const [registry, { command, asks, leaves }] of Object.entries(CLIENTS)) {
    const cases = packages
      .filter((source) => source.registry === registry)
      .map(
        (source) =>
          `*" ${asks(source)} "*) mkdir -p ${leaves}; cp "${join(folder, archiveName(source))}" ${leaves}/;;`,
      );
    const script = [
      "#!/bin/sh",
      "PATH=/usr/bin:/bin",
      `echo "${command} $*" >> "${join(folder, "calls")}"`,
      'case " $* " in',
      '*" slow@"*) exec sleep 60;;',
      ...cases,
      `*) echo "error: no such version of it" >&2; exit 1;;`,
      "esac",
      "",
    ].join("\n");
    await writeFile(join(folder, command), script, { mode: 0o755 });
  }
}
