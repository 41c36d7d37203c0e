/** `ouro embedded evaluate | info`: the model that ships with ouro, its recipe and its measure. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { openModel } from "../compose.js";
import { readSources } from "../data/sourceFiles.js";
import { type Evaluation, evaluate } from "../jobs/evaluate.js";
import { embeddedModelPath } from "../modelFiles.js";
import { type Cli, Interrupted, printJson } from "./cli.js";
import { formatBytes, formatCount, formatTable } from "./format.js";
import { describeModel, modelJson } from "./modelCommand.js";
import { addModelOptions, examples, modelSchema, parsePositive } from "./options.js";
import { openPlace } from "./place.js";

/** Spread evenly over all texts; enough for two digits, and a minute's work. */
const WINDOWS_MAX_DEFAULT = 400;
const WINDOW_TOKENS_DEFAULT = 256;

export function embeddedCommand(cli: Cli): Command {
  return new Command("embedded")
    .description("The model that ships with ouro: make it, measure it, look at it.")
    .addCommand(evaluateCommand(cli))
    .addCommand(infoCommand(cli));
}

const evaluateSchema = modelSchema.extend({ windowTokens: z.int(), windows: z.int() });

function evaluateCommand(cli: Cli): Command {
  return addModelOptions(new Command("evaluate"))
    .description("Bits per byte on source files the model has not seen, in short windows and in whole files.")
    .argument("<path...>", "source files, or folders of them")
    .addOption(
      new Option("--window-tokens <n>", "length of a window")
        .argParser(parsePositive)
        .default(WINDOW_TOKENS_DEFAULT),
    )
    .addOption(
      new Option("--windows <n>", "windows, and files, at most")
        .argParser(parsePositive)
        .default(WINDOWS_MAX_DEFAULT),
    )
    .addHelpText(
      "after",
      examples("ouro embedded evaluate ./hono/src", "ouro embedded evaluate src --model m.pth --json"),
    )
    .action(async (paths: readonly string[], _options, command: Command) => {
      const options = evaluateSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const texts = await readSources(paths.map((path) => resolve(cli.currentFolder, path)));
      const choice = { ...options, model: options.model ?? embeddedModelPath() };
      const { engine, model, tokenizer } = await openModel({ workplace, choice, signal: cli.signal });
      const measure = async (phase: string, windowTokens: number | undefined) => {
        const result = await evaluate({
          model,
          tokenizer,
          texts,
          windowsMax: options.windows,
          signal: cli.signal,
          onProgress: (done, total) =>
            cli.showProgress({ phase, done, total, detail: "", secondsLeft: undefined }),
          ...(windowTokens === undefined ? {} : { windowTokens }),
        });
        cli.showProgress(undefined);
        if (result.kind === "cancelled") throw new Interrupted("Stopped; nothing was measured.");
        return result;
      };
      try {
        const windows = await measure("windows", options.windowTokens);
        const whole = await measure("whole files", undefined);
        if (options.json) printJson(cli, { files: texts.length, windows, whole });
        else {
          cli.print(
            formatTable([
              ["", "bits/byte", "right", "tokens", "text"],
              measureRow(`windows of ${options.windowTokens} tokens`, windows),
              measureRow("whole files, State carried", whole),
            ]),
          );
        }
      } finally {
        engine.close();
      }
    });
}

function measureRow(
  name: string,
  { bitsPerByte, accuracy, tokens, bytes }: Extract<Evaluation, { kind: "finished" }>,
) {
  return [
    name,
    bitsPerByte.toFixed(3),
    `${(100 * accuracy).toFixed(1)} %`,
    formatCount(tokens),
    formatBytes(bytes),
  ];
}

function infoCommand(cli: Cli): Command {
  return addModelOptions(new Command("info"))
    .description("Say what the embedded model is and how it was made.")
    .addHelpText("after", examples("ouro embedded info"))
    .action(async (_options, command: Command) => {
      const options = modelSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const path = embeddedModelPath();
      const loaded = await openModel({ workplace, choice: { ...options, model: path }, signal: cli.signal });
      try {
        const configPath = join(dirname(path), "config.json");
        const config: unknown = existsSync(configPath)
          ? JSON.parse(await readFile(configPath, "utf8"))
          : null;
        if (options.json) printJson(cli, { ...(await modelJson(loaded)), config });
        else {
          cli.print(await describeModel(loaded));
          cli.print(`Its card, with corpus, measures and limits: ${join(dirname(path), "MODEL_CARD.md")}\n`);
        }
      } finally {
        loaded.engine.close();
      }
    });
}
