/** The form in which a model is asked within a text, as the config.json beside its checkpoint names it. */

import { dirname, join } from "node:path";
import { z } from "zod";
import { readRegularText } from "../base/regularFile.js";
import { PROMPT_FORMS, type PromptForm } from "../prompt/completionPrompt.js";

const configSchema = z.object({ completionForm: z.enum(PROMPT_FORMS).default("fill") });

/** `fill` where there is no config.json, or it names no form. */
export async function promptFormOf(checkpoint: string): Promise<PromptForm> {
  try {
    const config: unknown = JSON.parse(await readRegularText(join(dirname(checkpoint), "config.json")));
    return configSchema.parse(config).completionForm;
  } catch {
    return "fill";
  }
}
