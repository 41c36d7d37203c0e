/** `ouro teach`: says what the model should have written; it learns that now, and the same prompt is the proof. */

import { Command } from "commander";
import { z } from "zod";
import { complete } from "../completion/complete.js";
import { type LoadedModel, openModel, openProject, type Workplace } from "../compose.js";
import { AppError } from "../errors.js";
import type { LearningProgress } from "../learning/context.js";
import type { CorrectOutcome, Learning } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import { GREEDY } from "../learning/proof.js";
import { correctionPrompt } from "../prompt/correctionPrompt.js";
import { type Cli, Interrupted, printJson } from "./cli.js";
import { STOP_DEFAULT } from "./completeCommand.js";
import { excerpt, formatSeconds } from "./format.js";
import { addModelOptions, addPlaceOptions, examples, modelSchema, placeSchema } from "./options.js";
import { openPlace, readPlace } from "./place.js";
import type { CodePlace } from "./textInput.js";

const teachSchema = z.object({
  ...modelSchema.shape,
  ...placeSchema.shape,
  wanted: z.string(),
  proposed: z.string().optional(),
});
type TeachOptions = z.infer<typeof teachSchema>;

/** How much of a text fits beside its label. */
const EXCERPT_WIDTH = 100;

export function teachCommand(cli: Cli): Command {
  return addPlaceOptions(addModelOptions(new Command("teach")))
    .description("Correct the model: at this place it should have written the wanted text.")
    .argument("[text]", "code that was to be continued (default: standard input)")
    .requiredOption("--wanted <text>", "what the model should have written there")
    .option("--proposed <text>", "what it wrote (default: what it writes there now)")
    .addHelpText(
      "after",
      examples(
        "ouro teach 'catch (error) { ' --wanted 'logger.warn(\"failed\", { error });'",
        "ouro teach --file src/app.ts --line 12 --wanted 'return undefined;'",
      ),
    )
    .action(async (text: string | undefined, _options, command: Command) => {
      const options = teachSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const place = await readPlace({ cli, text, options, workplace });
      const loaded = await openModel({ workplace, choice: options, signal: cli.signal });
      try {
        await teachAndReport({ cli, options, workplace, place, loaded });
      } finally {
        loaded.engine.close();
      }
    });
}

interface TeachRun {
  readonly cli: Cli;
  readonly options: TeachOptions;
  readonly workplace: Workplace;
  readonly place: CodePlace;
  readonly loaded: LoadedModel;
}

async function teachAndReport(run: TeachRun): Promise<void> {
  const { cli, workplace, loaded } = run;
  const learning = await openProject({ workplace, loaded });
  try {
    for (const notice of learning.notices) cli.note(`ouro: ${describeNotice(notice)}`);
    await teach({ ...run, learning });
  } finally {
    await learning.close();
  }
}

async function teach(run: TeachRun & { readonly learning: Learning }): Promise<void> {
  const { cli, options, place, loaded, learning } = run;
  const { model, tokenizer } = loaded;
  const write = async () => {
    const { adapter } = learning.currentAdapter();
    const { signal } = cli;
    const completion = await complete({
      model,
      tokenizer,
      adapter,
      place,
      adapterScope: "boundary",
      sampling: GREEDY,
      tokensMax: WRITTEN_TOKENS_MAX,
      stop: STOP_DEFAULT,
      signal,
    });
    if (completion.kind === "cancelled") throw new Interrupted("Stopped; nothing was changed.");
    return completion.text;
  };
  const rejected = options.proposed ?? (await write());
  const taught = correctionPrompt({
    tokenizer,
    ...place,
    rejected,
    wanted: options.wanted,
    stop: STOP_DEFAULT,
  });
  const outcome = await learning.correct(
    { source: "teach", ...taught },
    { signal: cli.signal, onProgress: (progress) => showLearning(cli, progress) },
  );
  cli.showProgress(undefined);
  if (outcome.kind === "cancelled") {
    throw new Interrupted(
      `Stopped; the correction ${outcome.correctionId} is kept and will be learned with the next one.`,
    );
  }
  const writes = await write();
  if (options.json) printJson(cli, { ...toJson(outcome), rejected, wanted: options.wanted, writes });
  else cli.print(describe({ outcome, rejected, wanted: options.wanted, writes }));
  if (outcome.kind !== "learned") throw new AppError("not-learned", describeFailure(outcome));
}

/** A completion that is corrected is at most a screenful. */
const WRITTEN_TOKENS_MAX = 128;

/** The live loss line of every command that learns. */
export function showLearning(
  cli: Cli,
  { step, stepsMax, loss, margin, purpose, index, count }: LearningProgress,
): void {
  const which = count > 1 ? `${index} of ${count}, ` : "";
  const phase = purpose === "new" ? "learning" : "learning again";
  const detail = `${which}step ${step} of at most ${stepsMax}, loss ${loss.toFixed(3)}, lead ${margin.toFixed(1)}`;
  cli.showProgress({ phase, done: step, total: 0, detail, secondsLeft: undefined });
}

type Trained = Exclude<CorrectOutcome, { kind: "cancelled" }>;

export function toJson({ kind, correctionId, trained, current }: Trained) {
  const { steps, lossBefore, lossAfter, marginAfter, durationMs, proof } = trained;
  return {
    outcome: kind,
    correctionId,
    adapterVersion: current.version,
    steps,
    lossBefore,
    lossAfter,
    marginAfter,
    seconds: durationMs / 1000,
    proven: proof.matches,
  };
}

function describe(shown: {
  readonly outcome: Trained;
  readonly rejected: string;
  readonly wanted: string;
  readonly writes: string;
}): string {
  const { outcome, rejected, wanted, writes } = shown;
  const { steps, lossBefore, lossAfter, durationMs } = outcome.trained;
  const line = (label: string, text: string) =>
    `${label.padEnd(13)}${excerpt({ text, widthMax: EXCERPT_WIDTH })}\n`;
  const head = [line("It wrote:", rejected), line("You wanted:", wanted)].join("");
  if (outcome.kind !== "learned") return head;
  return [
    head,
    line("It writes:", writes),
    `Learned in ${steps} steps and ${formatSeconds(durationMs / 1000)}: `,
    `loss ${lossBefore.toFixed(3)} -> ${lossAfter.toFixed(3)} nats/token, adapter version ${outcome.current.version}.\n`,
    `Take it back with: ouro undo ${outcome.correctionId}\n`,
  ].join("");
}

function describeFailure({ kind, correctionId, trained }: Trained): string {
  const why =
    kind === "diverged"
      ? "training ran away and its result was thrown away"
      : `after ${trained.steps} steps it still writes something else`;
  return `correction ${correctionId} was not learned: ${why}; the model answers as before`;
}
