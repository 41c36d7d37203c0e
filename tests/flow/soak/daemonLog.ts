/** The daemon's log after a soak: what it warned of, counted, and what should not stand there. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LOG_FILE } from "../../../daemon/src/base/logFile.js";
import { EXPECTED_CODES } from "./ledger.js";
import type { SoakDaemon } from "./soakDaemon.js";

const lineSchema = z.looseObject({ level: z.int(), msg: z.string(), code: z.string().optional() });
const [WARN, ERROR] = [40, 50];

/** What windows that are cut and daemons that are ended leave behind. */
const EXPECTED_WARNINGS: readonly (readonly [RegExp, ReadonlySet<string | undefined>])[] = [
  [/^request failed$/, new Set([...EXPECTED_CODES, "client-closed"])],
  [/^a client does not read$/, new Set([undefined])],
  [/^client refused$/, new Set(["draining", "token-wrong"])],
];

/** Of daemons that were started at one moment, and of the one that was asked to end. */
const EXPECTED_WORDS = /^ouro: a daemon runs already|^Stopping at the next safe point|^$/;

interface LogSummary {
  /** By event and code. */
  readonly counts: ReadonlyMap<string, number>;
  /** Whole lines. */
  readonly unexpected: readonly string[];
  /** What daemons said beside their log: nothing more, unless one breaks. */
  readonly lastWords: readonly string[];
}

export function readDaemonLog({ runtime }: SoakDaemon): LogSummary {
  const counts = new Map<string, number>();
  const unexpected: string[] = [];
  const files = readdirSync(runtime.log).filter((name) => name.includes(LOG_FILE));
  for (const text of files.flatMap((name) => readFileSync(join(runtime.log, name), "utf8").split("\n"))) {
    if (text === "") continue;
    const line = parseLine(text);
    // A kill may cut the last line of a process short.
    if (line === undefined || line.level < WARN) continue;
    const event = line.code === undefined ? line.msg : `${line.msg} (${line.code})`;
    counts.set(event, (counts.get(event) ?? 0) + 1);
    const isExpected = EXPECTED_WARNINGS.some(([msg, codes]) => msg.test(line.msg) && codes.has(line.code));
    if (line.level >= ERROR || !isExpected) unexpected.push(text);
  }
  const words = readFileSync(runtime.lastWords, "utf8").split("\n");
  return { counts, unexpected, lastWords: words.filter((line) => !EXPECTED_WORDS.test(line)) };
}

function parseLine(text: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
