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
    .enum(["auto", "scalar", "avx2", "avx512", "neon"])
    .default("auto")
    .describe(
      "Highest instruction set to use, among those of this kind of processor. auto: the best that it has.",
    ),
  "ouroboros.engine.weights": z
    .enum(["auto", "f32", "bf16", "q8", "q4"])
    .default("auto")
    .describe(
      "How a model's weights lie in memory: fewer bits write faster and less exactly. auto: as its file holds them. Takes effect when a model is loaded next; `ouro model use` has a running daemon load it.",
    ),
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
  "ouroboros.chat.tokensMax": z
    .int()
    .min(1)
    .max(8192)
    .default(512)
    .describe("An answer ends after this many tokens at the latest."),
  "ouroboros.chat.temperature": z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe("Spread of the sampled tokens of an answer. 0: always the most probable one."),
  "ouroboros.chat.topP": z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe("Sample an answer from the most probable tokens that together reach this probability."),
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
  "ouroboros.daemon.unloadAfterMinutes": z
    .number()
    .min(0.01)
    .max(10_080)
    .default(10)
    .describe(
      "With no window open for so long, the daemon frees the model; the next request loads it again.",
    ),
  "ouroboros.daemon.exitAfterMinutes": z
    .number()
    .min(0.01)
    .max(10_080)
    .default(30)
    .describe("With no window open for so long, the daemon ends; the next window starts it again."),
  "ouroboros.daemon.logLevel": z
    .enum(["error", "warn", "info", "debug"])
    .default("info")
    .describe("What the daemon writes into its log: identifiers, numbers and durations, never your text."),
  "ouroboros.http.port": z
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe("Port on 127.0.0.1 at which the daemon also answers HTTP. 0: none, its private socket only."),
});

/** Settings that an editor decides window by window. It applies these itself; the daemon, which serves all windows, has no use for them. */
export const editorSettingsSchema = z.strictObject({
  "ouroboros.completion.enabled": z
    .boolean()
    .default(true)
    .describe("Suggest completions while you type. Can differ from language to language."),
  "ouroboros.completion.disabledGlobs": z
    .array(z.string())
    .max(200)
    .default(["**/.env", "**/.env.*", "**/*.pem", "**/*.key", "**/.ssh/**", "**/.npmrc", "**/.netrc"])
    .describe("Files in which nothing is suggested, as glob patterns. At first: where secrets usually are."),
  "ouroboros.completion.multiline": z
    .enum(["auto", "never"])
    .default("auto")
    .describe("auto: a suggestion may have several lines; never: only its first line is offered."),
  "ouroboros.learning.notices": z
    .enum(["all", "problems", "none"])
    .default("all")
    .describe("Of which results of learning a notice tells; the status bar shows all of them."),
});
export type EditorSettings = z.infer<typeof editorSettingsSchema>;

export const DEFAULT_EDITOR_SETTINGS: EditorSettings = editorSettingsSchema.parse({});

/** Of `values` those that fit their key's schema; others, and what is no setting, are left out. */
export function fittingValues(
  shape: Readonly<Record<string, z.ZodType>>,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const schemas = new Map(Object.entries(shape));
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => schemas.get(key)?.safeParse(value).success),
  );
}

/** What an editor hands over: a value that does not fit its key is that key's default, and costs no other its own. */
export function parseEditorSettings(values: Readonly<Record<string, unknown>>): EditorSettings {
  return editorSettingsSchema.parse(fittingValues(editorSettingsSchema.shape, values));
}

/** The scope of a setting in VS Code: `window`: a folder's settings too; `language-overridable`: also per language. */
type EditorSettingScope = "window" | "resource" | "language-overridable";

/**
 * None is a path, a port, a program or a number of threads. Such a setting would need the scope `machine`, so that no
 * repository that somebody opens can choose it; those that there are stand in the daemon's own settings file instead.
 */
export const EDITOR_SETTING_SCOPES = {
  "ouroboros.completion.enabled": "language-overridable",
  "ouroboros.completion.disabledGlobs": "resource",
  "ouroboros.completion.multiline": "language-overridable",
  "ouroboros.learning.notices": "window",
} as const satisfies Record<keyof EditorSettings, EditorSettingScope>;

export type Settings = z.infer<typeof settingsSchema>;

/** The settings of a user who has set nothing. */
export const DEFAULT_SETTINGS: Settings = settingsSchema.parse({});

export const SETTING_KEYS: readonly string[] = Object.keys(settingsSchema.shape);
