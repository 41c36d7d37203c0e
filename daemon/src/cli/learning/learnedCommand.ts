/** `ouro learned`: what this project has taught this model, oldest first. Loads no model. */

import { Command } from "commander";
import { assertNever } from "../../base/errors.js";
import type { LearnedInFull } from "../../protocol/corrections.js";
import { type Cli, printJson } from "../cli.js";
import { formatTable, oneLine } from "../format.js";
import { addModelOptions, examples, modelSchema } from "../options.js";
import { openPlace } from "../place.js";
import { withClient } from "./commandClient.js";

const EXCERPT_WIDTH = 36;

type LearnedCorrection = LearnedInFull["corrections"][number];

export function learnedCommand(cli: Cli): Command {
  return addModelOptions(new Command("learned"))
    .description("List what this project has taught the model.")
    .addHelpText("after", examples("ouro learned", "ouro learned --json"))
    .action(async (_options, command: Command) => {
      const options = modelSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const { folder, name } = workplace.project;
      const where = { file: null, folder };
      const run = { cli, options, workplace, learns: false };
      const learned = await withClient({ ...run, use: (client) => client.learned(where) });
      for (const notice of learned.notices) cli.note(`ouro: ${notice}`);
      if (options.json) printJson(cli, toJson(learned));
      else cli.print(describe(learned, name));
    });
}

function toJson({ adapterVersion, corrections }: LearnedInFull) {
  return {
    adapterVersion,
    corrections: corrections.map(
      ({ correctionId, at, status, rejected, wanted, lossBefore, lossAfter, steps }) => ({
        id: correctionId,
        at,
        status,
        rejected,
        wanted,
        lossBefore,
        lossAfter,
        steps,
      }),
    ),
  };
}

function describe({ adapterVersion, corrections }: LearnedInFull, projectName: string): string {
  if (corrections.length === 0) return `${projectName} has taught this model nothing yet.\n`;
  const rows = corrections.map(rowOf);
  return `${formatTable([["id", "when", "state", "loss", "it wrote", "you wanted"], ...rows])}Adapter version ${adapterVersion}.\n`;
}

function rowOf(correction: LearnedCorrection): readonly string[] {
  const { correctionId, at, status, rejected, wanted, lossBefore, lossAfter } = correction;
  return [
    correctionId,
    at.slice(0, 16).replace("T", " "),
    statusText(status),
    lossBefore === null || lossAfter === null ? "" : `${lossBefore.toFixed(2)} -> ${lossAfter.toFixed(2)}`,
    oneLine({ text: rejected, widthMax: EXCERPT_WIDTH }),
    oneLine({ text: wanted, widthMax: EXCERPT_WIDTH }),
  ];
}

function statusText(status: LearnedCorrection["status"]): string {
  switch (status) {
    case "learned":
      return "learned";
    case "not-learned":
      return "not learned";
    case "pending":
      return "pending";
    case "superseded":
      return "superseded";
    case "undone":
      return "undone";
    default:
      return assertNever(status);
  }
}
