/** `ouro complete`: what the model would write at a place, with what this project has taught it. */

import { resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { type CompleteOptions, complete } from "../completion/complete.js";
import type { Draft } from "../completion/draft.js";
import { type LoadedModel, openModel, viewProject, type Workplace } from "../compose.js";
import type { Adapter } from "../engine/engine.js";
import { describeNotice } from "../learning/notices.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import { type Cli, Interrupted, printJson } from "./cli.js";
import {
  addModelOptions,
  addPlaceOptions,
  addSamplingOptions,
  examples,
  modelSchema,
  placeSchema,
  samplingSchema,
} from "./options.js";
import { openPlace, readPlace, samplingOf } from "./place.js";
import type { CodePlace } from "./textInput.js";

/** A completion is the rest of the line unless someone asks for more. */
export const STOP_DEFAULT = "\n";

const completeSchema = z.object({
  ...modelSchema.shape,
  ...placeSchema.shape,
  ...samplingSchema.shape,
  stop: z.string().default(STOP_DEFAULT),
  base: z.boolean().default(false),
  adapter: z.string().optional(),
});
type CompleteCommandOptions = z.infer<typeof completeSchema>;

export function completeCommand(cli: Cli): Command {
  return addSamplingOptions(addPlaceOptions(addModelOptions(new Command("complete"))))
    .description("Continue code, by default to the end of the line.")
    .argument("[text]", "code to continue (default: standard input)")
    .option(
      "--stop <text>",
      "end before this text; empty: only the model or --tokens ends it (default: line end)",
    )
    .option("--base", "answer as if nothing had been learned")
    .option("--adapter <file>", "answer with this adapter of `ouro train` instead of what corrections taught")
    .addHelpText(
      "after",
      examples(
        "ouro complete 'for (const item of '",
        "ouro complete --file src/app.ts --line 12 --stop '' --tokens 64",
        "git show HEAD:src/app.ts | ouro complete --json",
      ),
    )
    .action(async (text: string | undefined, _options, command: Command) => {
      const options = completeSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const place = await readPlace({ cli, text, options, workplace });
      const loaded = await openModel({ workplace, choice: options, signal: cli.signal });
      try {
        await answer({ cli, options, workplace, place, loaded });
      } finally {
        loaded.engine.close();
      }
    });
}

interface AnswerRun {
  readonly cli: Cli;
  readonly options: CompleteCommandOptions;
  readonly workplace: Workplace;
  readonly place: CodePlace;
  readonly loaded: LoadedModel;
}

async function answer(run: AnswerRun): Promise<void> {
  const { cli, options, workplace, place, loaded } = run;
  const acting = await actingAdapter(run);
  const { tokensMax, ...sampling } = samplingOf(workplace.settings, options);
  const { model, tokenizer, form } = loaded;
  const startedMs = performance.now();
  const prompt = completionPrompt({ tokenizer, ...place, form });
  const draft = await complete({
    model,
    tokenizer,
    ...acting,
    prompt,
    sampling,
    tokensMax,
    stop: options.stop,
    signal: cli.signal,
    ...(options.json ? {} : { onText: cli.print }),
  });
  if (draft.kind === "cancelled") throw new Interrupted("Stopped.");
  if (options.json) {
    const seconds = (performance.now() - startedMs) / 1000;
    printJson(cli, {
      ...toJson(draft),
      promptTokens: prompt.tokens.length,
      adapterVersion: acting.version,
      seconds,
    });
  } else cli.print("\n");
}

interface Acting {
  readonly adapter: Adapter | undefined;
  readonly adapterScope: CompleteOptions["adapterScope"];
  /** Of the project's corrections; 0 where they have no part in the answer. */
  readonly version: number;
}

/** A named adapter read the whole of the texts it was trained on; what corrections taught acts at the cursor. */
async function actingAdapter({ cli, options, workplace, loaded }: AnswerRun): Promise<Acting> {
  if (options.adapter !== undefined) {
    const path = resolve(cli.currentFolder, options.adapter);
    return { adapter: await loaded.model.loadAdapter({ path }), adapterScope: "whole", version: 0 };
  }
  if (options.base) return { adapter: undefined, adapterScope: "boundary", version: 0 };
  const view = await viewProject({ workplace, loaded });
  for (const notice of view.notices) cli.note(`ouro: ${describeNotice(notice)}`);
  const { adapter, version } = view.currentAdapter();
  return { adapter, adapterScope: "boundary", version };
}

function toJson({ text, stoppedBy, tokens, logProbabilities }: Draft) {
  return { text, stoppedBy, tokens: [...tokens], logProbabilities: [...logProbabilities] };
}
