/**
 * Every setting a user can change, defined once: its key, type, limits, default and the sentence that explains it.
 * Knows nothing of files or editors; whoever reads the settings file passes the parsed object in.
 */

import { z } from "zod";

/** All keys, flat as editors show them: `ouroboros.<area>.<name>`. */
export const settingsSchema = z.strictObject({
  "ouroboros.engine.threads": z
    .int()
    .min(0)
    .max(256)
    .default(0)
    .describe("Kernel threads. 0: one per physical core."),
  "ouroboros.engine.instructionSet": z
    .enum(["auto", "scalar", "avx2", "avx512"])
    .default("auto")
    .describe("Highest instruction set to use. auto: the best that the processor has."),
  "ouroboros.completion.tokensMax": z
    .int()
    .min(1)
    .max(4096)
    .default(48)
    .describe("A completion ends after this many tokens at the latest."),
  "ouroboros.completion.temperature": z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe("Spread of the sampled tokens. 0: always the most probable one."),
  "ouroboros.completion.topP": z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe("Sample from the most probable tokens that together reach this probability."),
  "ouroboros.completion.topK": z
    .int()
    .min(0)
    .default(0)
    .describe("Sample from at most this many tokens. 0: no limit."),
  "ouroboros.learning.parameters": z
    .enum(["auto", "whole", "lora"])
    .default("auto")
    .describe(
      "What a correction trains. whole: a private copy of all weights; lora: small added matrices; auto: by model size.",
    ),
  "ouroboros.learning.loraRank": z
    .int()
    .min(1)
    .max(256)
    .default(8)
    .describe("Rank of the added matrices, where these are what is trained."),
  "ouroboros.learning.replayPerStep": z
    .int()
    .min(0)
    .max(64)
    .default(3)
    .describe("Earlier corrections that are trained along with every step, so that they are not forgotten."),
  "ouroboros.learning.anchorsPerStep": z
    .int()
    .min(0)
    .max(64)
    .default(2)
    .describe("Windows of general code on which every step is held to what the model knew before."),
});

export type Settings = z.infer<typeof settingsSchema>;
export type SettingKey = keyof Settings;

/** What a user who has set nothing gets. */
export const DEFAULT_SETTINGS: Settings = settingsSchema.parse({});

export const SETTING_KEYS: readonly string[] = Object.keys(settingsSchema.shape);

export type ParsedSettings =
  | { readonly kind: "settings"; readonly settings: Settings }
  | { readonly kind: "invalid"; readonly problem: string };

/** Turns what a settings file holds into settings; `problem` is one sentence that names the key and the way out. */
export function parseSettings(raw: unknown): ParsedSettings {
  const parsed = settingsSchema.safeParse(raw);
  if (parsed.success) return { kind: "settings", settings: parsed.data };
  const issue = parsed.error.issues[0];
  if (issue?.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    return { kind: "invalid", problem: `there is no setting "${key}"; did you mean "${nearestKey(key)}"?` };
  }
  const key = issue?.path.join(".") ?? "";
  if (key === "") return { kind: "invalid", problem: "it must hold one JSON object of settings" };
  return { kind: "invalid", problem: `the value of "${key}" does not fit: ${issue?.message}` };
}

/** The known key that takes the fewest single-character edits to reach. */
export function nearestKey(wrong: string): string {
  const distances = SETTING_KEYS.map((key) => ({ key, distance: editDistance(wrong.slice(0, 100), key) }));
  distances.sort((a, b) => a.distance - b.distance);
  return distances[0]?.key ?? "";
}

/** Levenshtein's distance, one row at a time (Wagner and Fischer, 1974). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const substitute = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
