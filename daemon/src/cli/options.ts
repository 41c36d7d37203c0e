/**
 * The options that several commands share: how they are declared, and how what the user typed becomes typed values.
 * Commander parses words; the schemas here are the door behind which types are proof.
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { endingOf } from "../assistant/documentName.js";
import { WEIGHT_TYPES } from "../engine/engine.js";
import { DRAFT_TOKENS_MAX } from "../protocol/routes.js";

/** A whole number from `min` to `max`, or a usage error that says so. */
function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
      throw new InvalidArgumentError(`It must be a whole number ${bounds}.`);
    }
    return value;
  };
}

/** A number between `min` and `max`, or a usage error that says so. */
export function numberBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return value;
  };
}

export const parseNatural = wholeNumber(0);
export const parsePositive = wholeNumber(1);
const parseTokens = wholeNumber(1, DRAFT_TOKENS_MAX);
export const parseRate = numberBetween(0, 1);

function parseLanguage(name: string): string {
  if (endingOf(name) === undefined)
    throw new InvalidArgumentError('It must be a language such as "python", or the ending of its files.');
  return name;
}

/** --json and --home: every command has them. */
export const commonSchema = z.object({ json: z.boolean().default(false), home: z.string().optional() });

export function addCommonOptions(command: Command): Command {
  return command
    .option("--json", "print the result as one line of JSON")
    .option("--home <dir>", "data home (default: OURO_HOME, else the platform's place)");
}

export const projectSchema = commonSchema.extend({ project: z.string().optional() });

export function addProjectOption(command: Command): Command {
  return addCommonOptions(command).option(
    "--project <dir>",
    "project that the corrections belong to (default: this folder)",
  );
}

/** Which model reads and writes, and with what means. */
export const modelSchema = projectSchema.extend({
  model: z.string().optional(),
  vocab: z.string().optional(),
  threads: z.int().optional(),
  weights: z.enum(WEIGHT_TYPES).optional(),
});
export type ModelOptions = z.infer<typeof modelSchema>;

export function addModelOptions(command: Command): Command {
  return addProjectOption(command)
    .option("--model <file>", "checkpoint to use (default: `ouro model use`, else the embedded model)")
    .option("--vocab <file>", "vocabulary of that checkpoint, where no vocab.txt lies beside it")
    .addOption(
      new Option("--threads <n>", "kernel threads (default: physical cores)").argParser(parsePositive),
    )
    .addOption(
      new Option("--weights <type>", "how its weights lie in memory (default: as the file has them)").choices(
        WEIGHT_TYPES,
      ),
    );
}

/** Where the text to continue comes from: an argument, a place in a file, or standard input. */
export const placeSchema = z.object({
  file: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
  language: z.string().optional(),
});

export function addPlaceOptions(command: Command): Command {
  return command
    .option("--file <path>", "continue inside this file instead of a given text")
    .addOption(
      new Option("--line <n>", "line of the cursor, from 1 (default: the last)").argParser(parsePositive),
    )
    .addOption(
      new Option("--column <n>", "column of the cursor, from 1 (default: end of line)").argParser(
        parsePositive,
      ),
    )
    .addOption(
      new Option(
        "--language <name>",
        "of a text whose file name does not say it, such as python (default: typescript)",
      ).argParser(parseLanguage),
    );
}

export const samplingSchema = z.object({
  tokens: z.int().optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.int().optional(),
  seed: z.int().default(0),
});
export type SamplingOptions = z.infer<typeof samplingSchema>;

export function addSamplingOptions(command: Command): Command {
  return command
    .addOption(new Option("--tokens <n>", "write at most this many tokens").argParser(parseTokens))
    .addOption(
      new Option("--temperature <x>", "0 always takes the most probable token").argParser(
        numberBetween(0, 10),
      ),
    )
    .addOption(
      new Option("--top-p <x>", "sample from the most probable tokens up to this sum").argParser(parseRate),
    )
    .addOption(new Option("--top-k <n>", "sample from at most this many tokens").argParser(parseNatural))
    .addOption(new Option("--seed <n>", "the same seed writes the same text").argParser(parseNatural));
}

/** The part of --help that shows how a command is really typed. */
export function examples(...lines: readonly string[]): string {
  return `\nExample${lines.length > 1 ? "s" : ""}:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
}
