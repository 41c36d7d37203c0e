/** From a command's arguments and options to what they mean: a workplace, a cursor in some code, a way to sample. */

import { resolve } from "node:path";
import type { Settings } from "@ouroboros/configs";
import type { z } from "zod";
import type { Cursor, DraftRequest } from "../assistant/assistant.js";
import { documentName } from "../assistant/documentName.js";
import { pathIn } from "../assistant/projectResolver.js";
import { completionSampling } from "../assistant/sampling.js";
import { AppError } from "../base/errors.js";
import { openWorkplace, type Workplace } from "../compose.js";
import type { Cli } from "./cli.js";
import { orInterrupted } from "./daemon/daemonAccess.js";
import type { placeSchema, SamplingOptions } from "./options.js";
import { readPlaceInFile, readStream } from "./textInput.js";

/** Notes what is wrong with the settings that the command uses. */
export async function openPlace(
  cli: Cli,
  options: { readonly home?: string | undefined; readonly project?: string | undefined },
): Promise<Workplace> {
  const workplace = await openWorkplace({
    homeFolder: options.home ?? cli.environment.OURO_HOME,
    projectFolder: resolve(cli.currentFolder, options.project ?? "."),
  });
  for (const { message } of workplace.settingsProblems) cli.note(`ouro: ${message}`);
  return workplace;
}

/** Where the catalog does not tell which model was chosen, and the command names none. */
export function noteLostChoice(asked: {
  readonly cli: Cli;
  readonly workplace: Workplace;
  readonly options: { readonly model?: string | undefined };
}): void {
  const { problem } = asked.workplace.catalog;
  if (problem !== undefined && asked.options.model === undefined) asked.cli.note(`ouro: ${problem}.`);
}

/** A cursor in some text, as the Assistant is asked about it. */
export type PromptPlace = Pick<Cursor, "where" | "prefix" | "suffix">;

/** The code to continue, from an argument, `--file`, or standard input. Throws AppError. */
export async function readPlace(source: {
  readonly cli: Cli;
  readonly text: string | undefined;
  readonly options: z.infer<typeof placeSchema>;
  readonly workplace: Workplace;
}): Promise<PromptPlace> {
  const { cli, text, options, workplace } = source;
  const { file, line, column, language } = options;
  const { folder } = workplace.project;
  if (file !== undefined) {
    if (text !== undefined) throw new AppError("input-invalid", "give either a text or --file, not both");
    const path = resolve(cli.currentFolder, file);
    const { prefix, suffix } = await readPlaceInFile({ path, line, column });
    return {
      prefix,
      suffix,
      where: { file: null, folder, path: documentName(pathIn(folder, path), language) },
    };
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
  const where = { file: null, folder, path: documentName(undefined, language) };
  return { prefix: text ?? (await orInterrupted(cli, readStream(cli.stdin))), suffix: "", where };
}

/** Settings, overruled by the command line. */
export function samplingOf(
  settings: Settings,
  options: SamplingOptions,
): Pick<DraftRequest, "sampling" | "tokensMax"> {
  const { temperature, topP, topK } = completionSampling(settings);
  return {
    sampling: {
      temperature: options.temperature ?? temperature,
      topP: options.topP ?? topP,
      topK: options.topK ?? topK,
      seed: options.seed,
    },
    tokensMax: options.tokens ?? settings["ouroboros.completion.tokensMax"],
  };
}
