/**
 * Teaches drawn texts to the shipped model as an editor does, asks for the completion at each place as an editor does,
 * and counts what came of them.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadTokenizer } from "@ouroboros/native";
import { codeOf } from "../../daemon/src/base/errorMessage.js";
import { NO_LOG } from "../../daemon/src/base/log.js";
import { openAssistant } from "../../daemon/src/compose.js";
import { drawTexts } from "./drawTexts.js";

const modelFolder = join(
  dirname(createRequire(import.meta.url).resolve("@ouroboros/daemon/package.json")),
  "model",
);
/** So many are kept, so that later ones are learned on top of others. */
const KEPT_EVERY = 10;

interface Told {
  readonly refused: Readonly<Record<string, number>>;
  readonly proven: number;
  readonly failed: number;
  /** Said to be proven, and shown otherwise; one line for each. */
  readonly wrong: readonly string[];
  /** Tokens, steps, seconds and outcome of each that was trained. */
  readonly trained: readonly { tokens: number; steps: number; seconds: number; isLearned: boolean }[];
}

export async function teachDrawn(options: { readonly seed: number; readonly count: number }): Promise<Told> {
  const folder = await mkdtemp(join(tmpdir(), "ouroboros-shown-"));
  const tokenizer = loadTokenizer(join(modelFolder, "vocab.txt"));
  const assistant = await openAssistant({
    homeFolder: join(folder, "home"),
    version: "0.0.0",
    log: NO_LOG,
    own: { choice: {}, signal: new AbortController().signal },
  });
  const client = assistant.connect({ onState: () => {}, onLearned: () => {} });
  const refused: Record<string, number> = {};
  const wrong: string[] = [];
  const trained: { tokens: number; steps: number; seconds: number; isLearned: boolean }[] = [];
  let count = 0;
  try {
    for (const place of drawTexts(options.seed, (text) => tokenizer.encode(text).length)) {
      if (count++ === options.count) break;
      const { path, prefix, suffix, wanted, tokens } = place;
      const cursor = { where: { file: join(folder, path), folder }, prefix, suffix };
      const signal = new AbortController().signal;
      const kept = await client.correctPlace({ ...cursor, wanted }).catch((error: unknown) => {
        const code = codeOf(error);
        refused[code] = (refused[code] ?? 0) + 1;
      });
      if (!kept) continue;
      const { outcome } = await kept.done;
      const isLearned = outcome.kind === "learned";
      const seconds = "seconds" in outcome ? outcome.seconds : 0;
      trained.push({ tokens, steps: isLearned ? outcome.steps : 0, seconds, isLearned });
      if (!isLearned) continue;
      const shown = await client.complete({ ...cursor, sessionKey: path, signal });
      const ghost = shown.kind === "proposed" ? shown.text : "";
      if (ghost !== wanted.replaceAll("\r\n", "\n")) {
        wrong.push(
          `${JSON.stringify(prefix.slice(-30))} ${JSON.stringify(wanted)}: ${JSON.stringify(ghost)}`,
        );
      }
      if (count % KEPT_EVERY !== 0) await client.undo({ where: cursor.where });
    }
  } finally {
    client.close();
    await assistant.close();
    await rm(folder, { recursive: true, force: true });
  }
  const proven = trained.filter(({ isLearned }) => isLearned).length;
  return { refused, proven, failed: trained.length - proven, wrong, trained };
}
