/** The processes of one group, as the Linux kernel tells; `ps` is not on every machine. */

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
