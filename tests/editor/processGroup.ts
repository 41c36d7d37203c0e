/** Processes of one group, and how long one waited, as the Linux kernel tells; `ps` is not on every machine. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface GroupProcess {
  readonly id: number;
  readonly commandLine: string;
}

export function processesOfGroup(groupId: number): readonly GroupProcess[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // "id (name) state parent group …", where the name may hold blanks and brackets.
      const stat = readFileSync(join("/proc", name, "stat"), "utf8");
      const group = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
      const commandLine = readFileSync(join("/proc", name, "cmdline"), "utf8").replaceAll("\0", " ");
      return group === groupId ? [{ id: Number(name), commandLine }] : [];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

/** How long the main thread of a process could have run, but others had the cores. */
export function waitedForCoreMs(processId: number): number {
  const [, waitedNs = ""] = readFileSync(`/proc/${processId}/schedstat`, "utf8").split(" ");
  return Number(waitedNs) / 1e6;
}
