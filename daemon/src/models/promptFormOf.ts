/** The form in which a model is asked within a text, as the config.json beside its checkpoint names it. */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { PROMPT_FORMS, type PromptForm } from "../prompt/completionPrompt.js";

const configSchema = z.object({ completionForm: z.enum(PROMPT_FORMS).default("fill") });

/** `fill` where there is no config.json, or it names no form. */
export async function promptFormOf(checkpoint: string): Promise<PromptForm> {
  try {
    const config: unknown = JSON.parse(await readFile(join(dirname(checkpoint), "config.json"), "utf8"));
    return configSchema.parse(config).completionForm;
  } catch {
    return "fill";
  }
}
