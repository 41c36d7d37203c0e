/** `ouro teach`: says what the model should have written; it learns that now, and the same prompt is the proof. */

import { Command } from "commander";
import { z } from "zod";
import { AppError } from "../base/errors.js";
import { type Cli, printJson } from "./cli.js";
import { excerpt, formatSeconds } from "./format.js";
import { addModelOptions, addPlaceOptions, examples, modelSchema, placeSchema } from "./options.js";
import { openPlace, readPlace } from "./place.js";
import { type Taught, type Teacher, withTeacher } from "./teacher.js";

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
      await withTeacher({
        cli,
        options,
        workplace,
        place,
        use: (teacher) => teach({ cli, options, teacher }),
      });
    });
}

async function teach(run: {
  readonly cli: Cli;
  readonly options: TeachOptions;
  readonly teacher: Teacher;
}): Promise<void> {
  const { cli, options, teacher } = run;
  const { wanted } = options;
  const rejected = options.proposed ?? (await teacher.write());
  const taught = await teacher.teach({ rejected, wanted });
  cli.showProgress(undefined);
  const writes = await teacher.write();
  if (options.json) printJson(cli, { ...toJson(taught), rejected, wanted, writes });
  else cli.print(describe({ taught, rejected, wanted, writes }));
  const { correctionId, outcome } = taught;
  if (outcome.kind === "learned") return;
  throw new AppError("not-learned", `correction ${correctionId} was not learned: ${outcome.message}`);
}

function toJson({ correctionId, outcome, marginAfter }: Taught) {
  if (outcome.kind !== "learned") return { outcome: outcome.kind, correctionId, message: outcome.message };
  const { adapterVersion, steps, lossBefore, lossAfter, seconds, proven } = outcome;
  return {
    outcome: outcome.kind,
    correctionId,
    adapterVersion,
    steps,
    lossBefore,
    lossAfter,
    marginAfter,
    seconds,
    proven,
  };
}

function describe(shown: {
  readonly taught: Taught;
  readonly rejected: string;
  readonly wanted: string;
  readonly writes: string;
}): string {
  const { rejected, wanted, writes } = shown;
  const { correctionId, outcome } = shown.taught;
  const line = (label: string, text: string) =>
    `${label.padEnd(13)}${excerpt({ text, widthMax: EXCERPT_WIDTH })}\n`;
  const head = [line("It wrote:", rejected), line("You wanted:", wanted)].join("");
  if (outcome.kind !== "learned") return head;
  const { steps, lossBefore, lossAfter, adapterVersion, seconds } = outcome;
  return [
    head,
    line("It writes:", writes),
    `Learned in ${steps} steps and ${formatSeconds(seconds)}: `,
    `loss ${lossBefore.toFixed(3)} -> ${lossAfter.toFixed(3)} nats/token, adapter version ${adapterVersion}.\n`,
    `Take it back with: ouro undo ${correctionId}\n`,
  ].join("");
}
