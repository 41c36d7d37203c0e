/** `ouro reset`: takes back all that this project has taught this model, after a look at it; `--undo` takes that back. */

import { Command } from "commander";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import type { ResetAction, ResetResult } from "../../protocol/corrections.js";
import { type Cli, printJson } from "../cli.js";
import { oneLine } from "../format.js";
import { addModelOptions, examples, modelSchema } from "../options.js";
import { openPlace } from "../place.js";
import { unlessStopped, withClient } from "./commandClient.js";

const resetSchema = modelSchema.extend({
  dryRun: z.boolean().default(false),
  undo: z.boolean().default(false),
  yes: z.boolean().default(false),
});
type ResetOptions = z.infer<typeof resetSchema>;

const EXCERPT_WIDTH = 76;

type Ask = (action: ResetAction) => Promise<ResetResult>;

export function resetCommand(cli: Cli): Command {
  return addModelOptions(new Command("reset"))
    .description("Take back all that this project has taught the model; it can be given back.")
    .option("--dry-run", "only show what would be taken back")
    .option("--undo", "give back what the newest reset took, if nothing was taught since")
    .option("--yes", "do not ask")
    .addHelpText("after", examples("ouro reset --dry-run", "ouro reset", "ouro reset --undo"))
    .action(async (_options, command: Command) => {
      const options = resetSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const where = { file: null, folder: workplace.project.folder };
      await withClient({
        cli,
        options,
        workplace,
        learns: false,
        use: (client) => run({ cli, options, ask: (action) => client.reset({ where, action }) }),
      });
    });
}

async function run(asked: {
  readonly cli: Cli;
  readonly options: ResetOptions;
  readonly ask: Ask;
}): Promise<void> {
  const { cli, options, ask } = asked;
  if (options.undo) {
    const given = await ask("undo");
    if (options.json) printJson(cli, given);
    else cli.print(`Given back: ${counted(given)}; ${answering(given)}.\n`);
    return;
  }
  const preview = await ask("preview");
  if (options.dryRun) {
    if (options.json) printJson(cli, preview);
    else cli.print(describe(preview));
    return;
  }
  if (preview.corrections > 0 && !options.yes) await confirm(cli, preview);
  const taken = await ask("reset");
  if (options.json) printJson(cli, taken);
  else
    cli.print(`Taken back: ${counted(taken)}; ${answering(taken)}.\nGive it back with: ouro reset --undo\n`);
}

async function confirm(cli: Cli, preview: ResetResult): Promise<void> {
  if (!cli.stdinIsTerminal) {
    throw new AppError("input-invalid", "nobody is there to be asked; look with --dry-run, then add --yes");
  }
  cli.note(describe(preview).trimEnd());
  const answer = await unlessStopped(
    cli,
    cli.ask("Take all of it back? (yes/no) "),
    "Stopped; nothing was changed.",
  );
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new AppError("input-invalid", "nothing was taken back: answer yes, or add --yes");
  }
}

function describe(preview: ResetResult): string {
  const { project, corrections, samples, newest } = preview;
  if (corrections === 0) return `${project.name} has taught this model nothing that could be taken back.\n`;
  const texts = newest.map((text) => `  ${oneLine({ text, widthMax: EXCERPT_WIDTH })}\n`);
  const fromFile =
    samples === 0
      ? ""
      : `${samples} of them stand in sft.org, and are not taught again unless they are changed there.\n`;
  return `${project.name} has taught this model: ${counted(preview)}. The newest:\n${texts.join("")}${fromFile}`;
}

function counted({ corrections, pending }: ResetResult): string {
  const waiting = pending === 0 ? "" : `, ${pending} of them not learned yet`;
  return `${corrections} ${corrections === 1 ? "correction" : "corrections"}${waiting}`;
}

function answering({ adapterVersion }: ResetResult): string {
  return `${adapterVersion === 0 ? "the model as it came" : `adapter version ${adapterVersion}`} answers now`;
}
