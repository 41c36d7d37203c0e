/** `ouro teach`: says what the model should have written; it learns that now, and the same prompt is the proof. */

import { Command, Option } from "commander";
import { z } from "zod";
import type { CommandClient } from "../../assistant/assistant.js";
import { AppError } from "../../base/errors.js";
import { type DidLearn, secretsAnswerSchema } from "../../protocol/corrections.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { formatSeconds, oneLine } from "../format.js";
import { addModelOptions, addPlaceOptions, examples, modelSchema, placeSchema } from "../options.js";
import { openPlace, type PromptPlace, readPlace } from "../place.js";
import { type CommandRun, unlessStopped, type Worker, withClient } from "./commandClient.js";
import { STOP_DEFAULT } from "./completeCommand.js";
import { noteFindings, showLearning } from "./showLearning.js";

const teachSchema = z.object({
  ...modelSchema.shape,
  ...placeSchema.shape,
  wanted: z.string(),
  proposed: z.string().optional(),
  secrets: secretsAnswerSchema.default("ask"),
});
type TeachOptions = z.infer<typeof teachSchema>;

/** A completion that is corrected is a line, and at most a screenful. */
const PROPOSED = { stop: STOP_DEFAULT, tokensMax: 128 } as const;
/** What was taught is shown to its end: no text ends it, nor its length, which is less than this. */
const TAUGHT = { stop: "", tokensMax: 256 } as const;
/** How much of a text fits beside its label. */
const EXCERPT_WIDTH = 100;

export function teachCommand(cli: Cli): Command {
  return addPlaceOptions(addModelOptions(new Command("teach")))
    .description("Correct the model: at this place it should have written the wanted text.")
    .argument("[text]", "code that was to be continued (default: standard input)")
    .requiredOption("--wanted <text>", "what the model should have written there")
    .option("--proposed <text>", "what it wrote (default: what it writes there now)")
    .addOption(
      new Option("--secrets <answer>", "what becomes of a secret in the wanted text")
        .choices(secretsAnswerSchema.options)
        .default("ask"),
    )
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
      const run = { cli, options, workplace };
      await withClient({
        ...run,
        learns: true,
        use: (client, worker) => teach({ ...run, options, place, client, worker }),
      });
    });
}

interface TeachRun extends CommandRun {
  readonly options: TeachOptions;
  readonly place: PromptPlace;
  readonly client: CommandClient;
  readonly worker: Worker;
}

interface Taught extends Pick<DidLearn, "correctionId" | "outcome" | "replaces"> {
  readonly marginAfter: number | null;
}

async function teach(run: TeachRun): Promise<void> {
  const { cli, options, client, worker } = run;
  const { wanted } = options;
  await noteFindings(run, client, worker);
  const rejected = options.proposed ?? (await write(run));
  const taught = await learn(run, rejected);
  cli.showProgress(undefined);
  const writes = firstLines(await write(run, TAUGHT), wanted.split("\n").length);
  if (options.json) printJson(cli, { ...toJson(taught), rejected, wanted, writes });
  else cli.print(describe({ taught, rejected, wanted, writes }));
  const { correctionId, outcome } = taught;
  if (outcome.kind === "learned") return;
  throw new AppError("not-learned", `correction ${correctionId} was not learned: ${outcome.message}`);
}

/** What the model writes at the place now: always the same, so that the same prompt is the proof. */
async function write(
  { cli, place, client }: TeachRun,
  { stop, tokensMax }: { readonly stop: string; readonly tokensMax: number } = PROPOSED,
): Promise<string> {
  const { signal } = cli;
  const written = await client.draft({
    ...place,
    adapter: "learned",
    sampling: { temperature: 0, topP: 0, topK: 0, seed: 0 },
    tokensMax,
    stop,
    signal,
  });
  if (written === undefined) throw new InterruptedCommand("Stopped; nothing was changed.");
  return written.text;
}

/** As many lines as were taught: what the model would write after them is no part of the proof. */
function firstLines(text: string, count: number): string {
  return text.split("\n").slice(0, count).join("\n");
}

async function learn(run: TeachRun, rejected: string): Promise<Taught> {
  const { cli, options, place, client, worker } = run;
  const { signal } = cli;
  const asked = client.correctPlace(
    { ...place, rejected, wanted: options.wanted, secrets: options.secrets },
    { signal, onStep: showLearning.bind(undefined, cli) },
  );
  const { correctionId, replaces, done } = await unlessStopped(cli, asked, "Stopped; nothing was changed.");
  const stopped =
    worker === "daemon"
      ? `Stopped; the daemon goes on learning correction ${correctionId}.`
      : `Stopped; the correction ${correctionId} is kept and will be learned with the next one.`;
  const { outcome } = await unlessStopped(cli, done, stopped);
  const { corrections } = await client.learned(place.where);
  const learned = corrections.find((each) => each.correctionId === correctionId);
  return { correctionId, replaces, outcome, marginAfter: learned?.marginAfter ?? null };
}

function toJson({ correctionId, replaces, outcome, marginAfter }: Taught) {
  if (outcome.kind !== "learned") return { outcome: outcome.kind, correctionId, message: outcome.message };
  const { adapterVersion, steps, lossBefore, lossAfter, seconds, proven } = outcome;
  return {
    outcome: outcome.kind,
    correctionId,
    replaces,
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
  const { correctionId, replaces, outcome } = shown.taught;
  const line = (label: string, text: string) =>
    `${label.padEnd(13)}${oneLine({ text, widthMax: EXCERPT_WIDTH })}\n`;
  const head = [line("It wrote:", rejected), line("You wanted:", wanted)].join("");
  if (outcome.kind !== "learned") return head;
  const { steps, lossBefore, lossAfter, adapterVersion, seconds } = outcome;
  return [
    head,
    line("It writes:", writes),
    `Learned in ${steps} steps and ${formatSeconds(seconds)}: `,
    `loss ${lossBefore.toFixed(3)} -> ${lossAfter.toFixed(3)} nats/token, adapter version ${adapterVersion}.\n`,
    replaces === null ? "" : `It replaces ${replaces}, which was taught at this place before.\n`,
    `Take it back with: ouro undo ${correctionId}\n`,
  ].join("");
}
