/** `ouro undo`: takes a correction back; afterwards the model answers exactly as without it. */

import { Command } from "commander";
import type { CommandClient } from "../../assistant/assistant.js";
import type { UndoResult } from "../../protocol/corrections.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { addModelOptions, examples, modelSchema } from "../options.js";
import { openPlace } from "../place.js";
import { type CommandRun, type Worker, withClient } from "./commandClient.js";
import { noteFindings, showLearning } from "./showLearning.js";

export function undoCommand(cli: Cli): Command {
  return addModelOptions(new Command("undo"))
    .description("Take a correction back; later ones stay and are learned again without it.")
    .argument("[id]", "correction, as `ouro learned` lists it (default: the newest)")
    .addHelpText("after", examples("ouro undo", "ouro undo 3f7kq0x2bd"))
    .action(async (correctionId: string | undefined, _options, command: Command) => {
      const options = modelSchema.parse(command.opts());
      const run = { cli, options, workplace: await openPlace(cli, options) };
      const undone = await withClient({
        ...run,
        learns: false,
        use: (client, worker) => undo({ ...run, client, worker, correctionId }),
      });
      report({ cli, json: options.json, undone });
    });
}

async function undo(
  run: CommandRun & {
    readonly client: CommandClient;
    readonly worker: Worker;
    readonly correctionId: string | undefined;
  },
): Promise<UndoResult> {
  const { cli, client, worker, correctionId } = run;
  const where = { file: null, folder: run.workplace.project.folder };
  const { signal } = cli;
  const onStep = showLearning.bind(undefined, cli);
  await noteFindings(run, client, worker);
  try {
    return await client.undo({ where, signal, onStep, ...(correctionId !== undefined && { correctionId }) });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new InterruptedCommand(
      worker === "process" ? "Stopped; nothing was undone." : "Stopped; the daemon goes on undoing.",
    );
  } finally {
    cli.showProgress(undefined);
  }
}

function report(shown: { readonly cli: Cli; readonly json: boolean; readonly undone: UndoResult }): void {
  const { cli, json } = shown;
  const { correctionId, retrained, lost, restored, adapterVersion } = shown.undone;
  if (json) {
    printJson(cli, { correctionId, retrained, lost, restored, adapterVersion });
    return;
  }
  const version = adapterVersion === 0 ? "the model as it came" : `adapter version ${adapterVersion}`;
  cli.print(`${correctionId} is undone: ${version} answers now.\n`);
  if (retrained > 0) cli.print(`${retrained} later corrections were learned again without it.\n`);
  for (const id of restored) cli.print(`${id} holds again, whose place it had taken.\n`);
  if (lost.length > 0) cli.print(`Not learned again: ${lost.join(", ")}.\n`);
}
