/** Finds the corpus that a model was trained on, so that a leak of evaluation text into it can be looked for. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../../base/errors.js";
import { readRegularText } from "../../../base/regularFile.js";
import { DOCUMENTS_FILE, readDocuments, readManifest } from "../../../lab/corpus/documents.js";
import type { EvaluateOptions } from "../../../lab/evaluation/evaluate.js";
import { corpusFolder } from "../corpusCommand.js";

export type TrainedCorpus =
  | { readonly kind: "found"; readonly folder: string; readonly corpus: EvaluateOptions["corpus"] }
  /** `reason`: a sentence for people, with the way out. */
  | { readonly kind: "absent"; readonly reason: string };

const configSchema = z.object({ corpus: z.string() });

/** `folder` names one; else the model's config.json does, in the data home. Throws AppError for a named one only. */
export async function findTrainedCorpus(options: {
  readonly folder: string | undefined;
  readonly checkpoint: string;
  readonly homeRoot: string;
}): Promise<TrainedCorpus> {
  const { checkpoint, homeRoot } = options;
  if (options.folder !== undefined) {
    if (existsSync(join(options.folder, DOCUMENTS_FILE))) return open(options.folder);
    throw new AppError(
      "input-invalid",
      `${options.folder} holds no ${DOCUMENTS_FILE}; name a folder that \`ouro corpus build\` made`,
    );
  }
  const name = await corpusName(checkpoint);
  if (name === undefined) {
    return { kind: "absent", reason: "the model's config.json names no corpus; name one with --corpus" };
  }
  const folder = corpusFolder({ homeRoot, name });
  if (existsSync(join(folder, DOCUMENTS_FILE))) return open(folder);
  return {
    kind: "absent",
    reason: `its corpus is not at ${folder}; build it with \`ouro corpus build ${name}\`, or name one with --corpus`,
  };
}

async function open(folder: string): Promise<TrainedCorpus> {
  const { documents } = await readManifest(folder);
  return { kind: "found", folder, corpus: { documents, read: () => readDocuments(folder) } };
}

async function corpusName(checkpoint: string): Promise<string | undefined> {
  try {
    const config: unknown = JSON.parse(await readRegularText(join(dirname(checkpoint), "config.json")));
    return configSchema.parse(config).corpus;
  } catch {
    return undefined;
  }
}
