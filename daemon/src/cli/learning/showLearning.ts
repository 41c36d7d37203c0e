/** What a person sees while a command learns: what was found wrong before, and how far it is. */

import type { CommandClient, LearningStep } from "../../assistant/assistant.js";
import type { Cli } from "../cli.js";
import type { CommandRun, Worker } from "./commandClient.js";

/** The live loss line of every command that learns. */
export function showLearning(
  cli: Cli,
  { step, stepsMax, loss, margin, purpose, index, count }: LearningStep,
): void {
  const which = count > 1 ? `${index} of ${count}, ` : "";
  const phase = purpose === "new" ? "learning" : "learning again";
  const detail = `${which}step ${step} of at most ${stepsMax}, loss ${loss.toFixed(3)}, lead ${margin.toFixed(1)}`;
  cli.showProgress({ phase, done: step, total: 0, detail, secondsLeft: undefined });
}

/** The daemon tells its own clients; where this process opens what is kept, it is for it to tell. */
export async function noteFindings(
  { cli, workplace }: CommandRun,
  client: CommandClient,
  worker: Worker,
): Promise<void> {
  if (worker === "daemon") return;
  const { notices } = await client.learned({ file: null, folder: workplace.project.folder });
  for (const notice of notices) cli.note(`ouro: ${notice}`);
}
