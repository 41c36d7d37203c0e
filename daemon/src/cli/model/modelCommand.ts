/** `ouro model`: what a checkpoint is, which one answers from now on; importing, converting and comparing are in model/. */

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { type LoadedModel, openModel, type Workplace } from "../../compose.js";
import { readModelFile } from "../../engine/engine.js";
import { findNamedModel } from "../../models/findModelFile.js";
import { typeShares } from "../../models/modelShape.js";
import { chooseCheckpoint, chooseEmbeddedModel } from "../../store/catalog.js";
import { type Cli, printJson } from "../cli.js";
import { changeDaemonsModel } from "../daemon/runningDaemon.js";
import { formatBytes, formatCount, formatTable } from "../format.js";
import { addModelOptions, examples, type ModelOptions, modelSchema } from "../options.js";
import { noteLostChoice, openPlace } from "../place.js";
import { convertCommand } from "./convertCommand.js";
import { importCommand } from "./importCommand.js";
import { describeTypeCosts, requireTypeCosts } from "./typeCosts.js";
import { verifyCommand } from "./verifyCommand.js";

/** The word that stands for the model that ships with the product. */
const EMBEDDED = "embedded";

const infoSchema = modelSchema.extend({ quant: z.boolean().default(false) });

export function modelCommand(cli: Cli): Command {
  return new Command("model")
    .description("The model that answers: look at one, choose one; and its files in other formats.")
    .addCommand(infoCommand(cli))
    .addCommand(useCommand(cli))
    .addCommand(importCommand(cli))
    .addCommand(convertCommand(cli))
    .addCommand(verifyCommand(cli));
}

function infoCommand(cli: Cli): Command {
  return addModelOptions(new Command("info"))
    .description("Load a checkpoint and say what it is: shape, size, vocabulary, hash.")
    .argument("[model]", "model file, folder or name of an imported one (default: the model in use)")
    .option("--quant", "also measure what smaller types of weights cost: bytes, rounding, predictions")
    .addHelpText(
      "after",
      examples(
        "ouro model info",
        "ouro model info rwkv7-g1-0.1b.pth",
        "ouro model info rwkv7-g1-0.1b.pth --quant",
      ),
    )
    .action(async (file: string | undefined, _options, command: Command) => {
      const { quant, ...options } = infoSchema.parse(command.opts());
      const loaded = await load({ cli, options, file });
      try {
        const costs = quant ? await requireTypeCosts({ cli, loaded, threads: options.threads }) : undefined;
        if (options.json) printJson(cli, { ...(await modelJson(loaded)), ...(costs && { quant: costs }) });
        else cli.print((await describeModel(loaded)) + (costs ? `\n${describeTypeCosts(costs)}` : ""));
      } finally {
        loaded.engine.close();
      }
    });
}

function useCommand(cli: Cli): Command {
  return addModelOptions(new Command("use"))
    .description("Answer with this checkpoint from now on; every model keeps its own corrections.")
    .argument(
      "<model>",
      `model file, folder or name of an imported one, or the word "${EMBEDDED}" for the model that ships with ouro`,
    )
    .addHelpText(
      "after",
      examples(
        "ouro model use rwkv7-g1-0.1b.pth",
        "ouro model use rwkv7-g1-0.1b",
        `ouro model use ${EMBEDDED}`,
      ),
    )
    .action(async (file: string, _options, command: Command) => {
      const options = modelSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      if (file === EMBEDDED) {
        await chooseEmbeddedModel(workplace.catalog);
        await haveDaemonChange(cli, options);
        if (options.json) printJson(cli, { model: EMBEDDED });
        else cli.print("The embedded model answers from now on.\n");
        return;
      }
      const path = await findNamedModel({
        named: file,
        path: resolve(cli.currentFolder, file),
        models: workplace.home.models,
      });
      await use({ cli, options, workplace, path });
    });
}

async function use(choice: {
  readonly cli: Cli;
  readonly options: ModelOptions;
  readonly workplace: Workplace;
  readonly path: string;
}): Promise<void> {
  const { cli, options, workplace, path } = choice;
  const loaded = await openModel({ workplace, choice: { ...options, model: path }, signal: cli.signal });
  loaded.engine.close();
  const { hash } = loaded.model.info;
  const vocabularyPath = options.vocab === undefined ? null : resolve(cli.currentFolder, options.vocab);
  await chooseCheckpoint(workplace.catalog, {
    hash,
    path,
    vocabularyPath,
    addedAt: new Date().toISOString(),
  });
  await haveDaemonChange(cli, options);
  if (options.json) printJson(cli, { model: path, hash });
  else cli.print(`${path} answers from now on; \`ouro model use ${EMBEDDED}\` goes back.\n`);
}

/** A running daemon loads it beside the other one, which answers until then. */
async function haveDaemonChange(cli: Cli, options: ModelOptions): Promise<void> {
  const changed = await changeDaemonsModel(cli, options);
  if (changed === "ended")
    cli.note("ouro: the daemon has ended; it starts with this model when somebody needs it.");
}

async function load(choice: {
  readonly cli: Cli;
  readonly options: ModelOptions;
  readonly file: string | undefined;
}): Promise<LoadedModel> {
  const { cli, options, file } = choice;
  const workplace = await openPlace(cli, options);
  const named = file ?? options.model;
  const { models } = workplace.home;
  noteLostChoice({ cli, workplace, options: { model: named } });
  const model = named && (await findNamedModel({ named, path: resolve(cli.currentFolder, named), models }));
  return openModel({ workplace, choice: { ...options, model }, signal: cli.signal });
}

/** What `--json` shows of a loaded model. */
async function modelJson(loaded: LoadedModel) {
  const { path, vocabularyPath, tokenizer, isEmbedded } = loaded;
  const { size: bytes } = await stat(path);
  const file = readModelFile(path);
  const types = typeShares(file);
  const { naming } = file;
  return {
    path,
    bytes,
    naming,
    types,
    vocabularyPath,
    tokens: tokenizer.size,
    isEmbedded,
    ...loaded.model.info,
  };
}

/** A loaded model as a table for people. */
async function describeModel(loaded: LoadedModel): Promise<string> {
  const { path, bytes, naming, types, vocabularyPath, tokens, isEmbedded, ...info } = await modelJson(loaded);
  const { w, a, v, g } = info.loraRanks;
  return formatTable([
    ["checkpoint", `${path}${isEmbedded ? " (embedded)" : ""}`],
    ["size", `${formatBytes(bytes)}, ${formatCount(info.parameters)} parameters`],
    ["names", naming],
    ["types", types.map(({ type, bytes: each }) => `${type} ${formatBytes(each)}`).join(", ")],
    ["layers", String(info.layers)],
    ["width", `${info.width} (${info.heads} heads of ${info.headSize})`],
    ["ffn width", String(info.ffnWidth)],
    ["ranks w/a/v/g", `${w}/${a}/${v}/${g}`],
    ["vocabulary", `${tokens} tokens on ${info.vocabularySize} rows, ${vocabularyPath}`],
    ["sha256", info.hash],
  ]);
}
