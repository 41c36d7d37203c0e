/** `ouro undo`: takes a correction back; afterwards the model answers exactly as without it. */

import { Command } from "commander";
import { openModel, openProject } from "../compose.js";
import { describeNotice } from "../learning/notices.js";
import type { UndoResult } from "../protocol/corrections.js";
import { type Cli, Interrupted, printJson } from "./cli.js";
import { addModelOptions, examples, modelSchema } from "./options.js";
import { openPlace } from "./place.js";
import { runningDaemon } from "./runningDaemon.js";
import { showLearning } from "./showLearning.js";

export function undoCommand(cli: Cli): Command {
  return addModelOptions(new Command("undo"))
    .description("Take a correction back; later ones stay and are learned again without it.")
    .argument("[id]", "correction, as `ouro learned` lists it (default: the newest)")
    .addHelpText("after", examples("ouro undo", "ouro undo 3f7kq0x2bd"))
    .action(async (correctionId: string | undefined, _options, command: Command) => {
      const options = modelSchema.parse(command.opts());
      const workplace = await openPlace(cli, options);
      const daemon = await runningDaemon(cli, options);
      if (daemon) {
        const request = { folder: workplace.project.folder, ...(correctionId && { correctionId }) };
        report({ cli, json: options.json, undone: await daemon.undo(request, cli.signal) });
        return;
      }
      const loaded = await openModel({ workplace, choice: options, signal: cli.signal });
      try {
        const learning = await openProject({ workplace, loaded });
        try {
          for (const notice of learning.notices) cli.note(`ouro: ${describeNotice(notice)}`);
          const run = { signal: cli.signal, onProgress: showLearning.bind(undefined, cli) };
          const outcome = await learning.undo(correctionId === undefined ? {} : { correctionId }, run);
          cli.showProgress(undefined);
          if (outcome.kind === "cancelled") throw new Interrupted("Stopped; nothing was undone.");
          const { current, ...undone } = outcome;
          report({ cli, json: options.json, undone: { ...undone, adapterVersion: current.version } });
        } finally {
          await learning.close();
        }
      } finally {
        loaded.engine.close();
      }
    });
}

type Reported = Pick<UndoResult, "correctionId" | "retrained" | "adapterVersion"> & {
  readonly lost: readonly string[];
};

function report(shown: { readonly cli: Cli; readonly json: boolean; readonly undone: Reported }): void {
  const { cli, json } = shown;
  const { correctionId, retrained, lost, adapterVersion } = shown.undone;
  if (json) {
    printJson(cli, { correctionId, retrained, lost, adapterVersion });
    return;
  }
  const version = adapterVersion === 0 ? "the model as it came" : `adapter version ${adapterVersion}`;
  cli.print(`${correctionId} is undone: ${version} answers now.\n`);
  if (retrained > 0) cli.print(`${retrained} later corrections were learned again without it.\n`);
  if (lost.length > 0) cli.print(`Not learned again: ${lost.join(", ")}.\n`);
}
