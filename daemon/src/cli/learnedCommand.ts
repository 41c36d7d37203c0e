/** `ouro learned`: what this project has taught this model, oldest first. */

import { Command } from "commander";
import { assertNever } from "../base/errors.js";
import { openModel, viewProject } from "../compose.js";
import type { CorrectionStatus } from "../learning/history.js";
import type { LearnedCorrection, LearningView } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import { type Cli, printJson } from "./cli.js";
import { excerpt, formatTable } from "./format.js";
import { addModelOptions, examples, modelSchema } from "./options.js";
import { openPlace } from "./place.js";

const EXCERPT_WIDTH = 36;

export function learnedCommand(cli: Cli): Command {
  return addModelOptions(new Command("learned"))
    .description("List what this project has taught the model.")
    .addHelpText("after", examples("ouro learned", "ouro learned --json"))
    .action(async (_options, command: Command) => {
      const options = modelSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const loaded = await openModel({ workplace, choice: options, signal: cli.signal });
      try {
        const view = await viewProject({ workplace, loaded });
        for (const notice of view.notices) cli.note(`ouro: ${describeNotice(notice)}`);
        if (options.json) printJson(cli, toJson(view));
        else cli.print(describe({ view, projectName: workplace.project.name }));
      } finally {
        loaded.engine.close();
      }
    });
}

function toJson(view: LearningView) {
  const corrections = view.learned().map(({ correction, status, trained }) => ({
    id: correction.id,
    at: correction.at,
    status,
    rejected: correction.rejected.text,
    wanted: correction.wanted.text,
    lossBefore: trained?.lossBefore ?? null,
    lossAfter: trained?.lossAfter ?? null,
    steps: trained?.steps ?? null,
  }));
  return { adapterVersion: view.currentAdapter().version, corrections };
}

function describe({
  view,
  projectName,
}: {
  readonly view: LearningView;
  readonly projectName: string;
}): string {
  const learned = view.learned();
  if (learned.length === 0) return `${projectName} has taught this model nothing yet.\n`;
  const rows = learned.map(rowOf);
  return `${formatTable([["id", "when", "state", "loss", "it wrote", "you wanted"], ...rows])}Adapter version ${view.currentAdapter().version}.\n`;
}

function rowOf({ correction, status, trained }: LearnedCorrection): readonly string[] {
  const { id, at, rejected, wanted } = correction;
  return [
    id,
    at.slice(0, 16).replace("T", " "),
    statusText(status),
    trained === undefined ? "" : `${trained.lossBefore.toFixed(2)} -> ${trained.lossAfter.toFixed(2)}`,
    excerpt({ text: rejected.text, widthMax: EXCERPT_WIDTH }),
    excerpt({ text: wanted.text, widthMax: EXCERPT_WIDTH }),
  ];
}

function statusText(status: CorrectionStatus): string {
  switch (status) {
    case "learned":
      return "learned";
    case "not-learned":
      return "not learned";
    case "pending":
      return "pending";
    case "undone":
      return "undone";
    default:
      return assertNever(status);
  }
}
