/** From a command's arguments and options to what they mean: a workplace, a cursor in some code, a way to sample. */

import { resolve } from "node:path";
import type { Settings } from "@ouroboros/configs";
import type { z } from "zod";
import { AppError } from "../base/errors.js";
import { pathWithin } from "../base/pathWithin.js";
import { openWorkplace, type Workplace } from "../compose.js";
import type { Sampling } from "../engine/engine.js";
import type { Cli } from "./cli.js";
import type { placeSchema, SamplingOptions } from "./options.js";
import { type CodePlace, readPlaceInFile, readStream } from "./textInput.js";

export function openPlace(
  cli: Cli,
  options: { readonly home?: string | undefined; readonly project?: string | undefined },
): Promise<Workplace> {
  return openWorkplace({
    homeFolder: options.home ?? cli.environment.OURO_HOME,
    projectFolder: resolve(cli.currentFolder, options.project ?? "."),
  });
}

/** The name that text without a file goes by: the model was trained on texts that all had one. */
const UNNAMED_PATH = "src/main.ts";

/** The code to continue, from an argument, `--file`, or standard input. Throws AppError. */
export async function readPlace(source: {
  readonly cli: Cli;
  readonly text: string | undefined;
  readonly options: z.infer<typeof placeSchema>;
  readonly workplace: Workplace;
}): Promise<CodePlace> {
  const { cli, text, options, workplace } = source;
  const { file, line, column } = options;
  if (file !== undefined) {
    if (text !== undefined) throw new AppError("input-invalid", "give either a text or --file, not both");
    const path = resolve(cli.currentFolder, file);
    const place = await readPlaceInFile({ path, line, column });
    return { ...place, path: pathWithin(workplace.project.folder, path) };
  }
  if (line !== undefined || column !== undefined) {
    throw new AppError("input-invalid", "--line and --column say where in a file: name it with --file");
  }
  if (text === undefined && cli.stdinIsTerminal) {
    throw new AppError(
      "input-invalid",
      "give the code to continue: as an argument, with --file, or through a pipe",
    );
  }
  return { prefix: text ?? (await readStream(cli.stdin)), suffix: "", path: UNNAMED_PATH };
}

/** Settings, overruled by the command line. */
export function samplingOf(
  settings: Settings,
  options: SamplingOptions,
): Sampling & { readonly tokensMax: number } {
  return {
    temperature: options.temperature ?? settings["ouroboros.completion.temperature"],
    topP: options.topP ?? settings["ouroboros.completion.topP"],
    topK: options.topK ?? settings["ouroboros.completion.topK"],
    alphaPresence: 0,
    alphaFrequency: 0,
    alphaDecay: 1,
    repetitionPenalty: 1,
    tokenBan: new Uint32Array(),
    seed: options.seed,
    tokensMax: options.tokens ?? settings["ouroboros.completion.tokensMax"],
  };
}
