/** `ouro complete`: what the model would write at a place, with what this project has taught it. */

import { resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import type { CommandClient, DraftRequest } from "../../assistant/assistant.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import {
  addModelOptions,
  addPlaceOptions,
  addSamplingOptions,
  examples,
  modelSchema,
  placeSchema,
  samplingSchema,
} from "../options.js";
import { openPlace, type PromptPlace, readPlace, samplingOf } from "../place.js";
import { type CommandRun, withClient } from "./commandClient.js";

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
        "git show HEAD:src/app.py | ouro complete --language python --json",
      ),
    )
    .action(async (text: string | undefined, _options, command: Command) => {
      const options = completeSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const place = await readPlace({ cli, text, options, workplace });
      const run = { cli, options, workplace };
      await withClient({
        ...run,
        learns: false,
        use: (client) => answer({ cli, options, place, client, workplace }),
      });
    });
}

interface AnswerRun extends CommandRun {
  readonly options: CompleteCommandOptions;
  readonly place: PromptPlace;
  readonly client: CommandClient;
}

async function answer({ cli, options, workplace, place, client }: AnswerRun): Promise<void> {
  const draft = await client.draft({
    ...place,
    adapter: actingAdapter(cli, options),
    ...samplingOf(workplace.settings, options),
    stop: options.stop,
    signal: cli.signal,
    ...(options.json ? {} : { onText: cli.print }),
  });
  if (draft === undefined) throw new InterruptedCommand("Stopped.");
  const { notices, ...shown } = draft;
  if (options.json) printJson(cli, shown);
  else cli.print("\n");
  for (const notice of notices) cli.note(`ouro: ${notice}`);
}

function actingAdapter(cli: Cli, { adapter, base }: CompleteCommandOptions): DraftRequest["adapter"] {
  if (adapter !== undefined) return { file: resolve(cli.currentFolder, adapter) };
  return base ? "none" : "learned";
}
