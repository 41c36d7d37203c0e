/** `ouro demo`: shows, on the real model, that a correction is learned in seconds and can be taken back. */

import { Command, Option } from "commander";
import { z } from "zod";
import { locateDataHome } from "../dataHome.js";
import { AppError } from "../errors.js";
import type { LearningProgress } from "../learning/context.js";
import { type Cli, Interrupted, printJson } from "./cli.js";
import { type DemoPlace, type DemoSession, withDemoSession } from "./demo.js";
import { formatBytes, formatCount, formatSeconds, formatTable } from "./format.js";
import { addCommonOptions, commonSchema, examples, parsePositive } from "./options.js";
import { showLearning } from "./teachCommand.js";

const PLACE: DemoPlace = {
  path: "src/users.ts",
  prefix: `import { logger } from "./logger";

export async function loadUser(id: string): Promise<User | undefined> {
  try {
    return await database.findUser(id);
  } catch (error) {
    `,
  suffix: "",
};
const WANTED = 'logger.warn("user not loaded", { id, error });';

const demoSchema = commonSchema.extend({ threads: z.int().optional() });

export function demoCommand(cli: Cli): Command {
  return addCommonOptions(new Command("demo"))
    .description(
      "Show on the embedded model how a correction is learned and taken back; leaves nothing behind.",
    )
    .addOption(
      new Option("--threads <n>", "kernel threads (default: physical cores)").argParser(parsePositive),
    )
    .addHelpText("after", examples("ouro demo", "ouro demo --json"))
    .action(async (_options, command: Command) => {
      const { json, threads } = demoSchema.parse(command.opts());
      const shown: Cli = json ? { ...cli, print: () => {} } : cli;
      try {
        const facts = await withDemoSession({
          threads,
          signal: cli.signal,
          tell: async (session) => {
            const told = await tellStory(shown, session);
            if (!json && cli.stdinIsTerminal && cli.stdoutIsTerminal) await inviteOwn(cli, session);
            return told;
          },
        });
        if (json) printJson(cli, facts);
      } catch (error) {
        if (cli.signal.aborted) throw new Interrupted("Stopped; the demo's scratch folder is removed.");
        throw error;
      }
      sayWhatNext(shown);
    });
}

/** Every line of the story, and what it proved. Throws AppError `demo-failed` where a promise was not kept. */
async function tellStory(cli: Cli, session: DemoSession) {
  const style = styles(cli);
  const { info } = session.loaded.model;
  cli.print(
    `The model: RWKV-7, ${formatCount(info.parameters)} parameters, ${info.layers} layers of ${info.width}.\n\n`,
  );

  cli.print(style.heading(`1. It completes ${PLACE.path}`));
  const before = await showCompletion({ cli, session });

  cli.print(style.heading("2. You correct it"));
  cli.print(`   it wrote:    ${before}\n   you wanted:  ${style.strong(WANTED)}\n\n`);

  cli.print(style.heading("3. It learns"));
  const trained = await showLesson({ cli, session, rejected: before });

  cli.print(style.heading("4. The same prompt again"));
  const after = await showCompletion({ cli, session });
  expectProof(after === WANTED, `after learning it wrote ${JSON.stringify(after)}`);

  cli.print(style.heading("5. What was written, under the data home"));
  const written = (await session.written()).filter(({ path }) => !path.startsWith("runtime/"));
  cli.print(
    `${formatTable(written.map(({ path, bytes }) => [`   ${withoutIds(path)}`, sizeOf({ path, bytes })]))}\n`,
  );

  cli.print(style.heading("6. You take it back"));
  const undone = await session.undo();
  expectProof(undone.kind === "undone", "the correction could not be undone");
  const restored = await showCompletion({ cli, session });
  expectProof(restored === before, `after undo it wrote ${JSON.stringify(restored)}`);
  cli.print("Proven: it learned the correction from one example, and undo brought the old answer back.\n");
  return { before, wanted: WANTED, after, restored, ...trained };
}

async function showCompletion({
  cli,
  session,
}: {
  readonly cli: Cli;
  readonly session: DemoSession;
}): Promise<string> {
  const style = styles(cli);
  const lines = PLACE.prefix.split("\n").map((line) => (line === "" ? "" : `   ${style.faint(line)}`));
  cli.print(lines.join("\n"));
  const text = await session.complete(PLACE, (part) => cli.print(style.strong(part)));
  cli.print("\n\n");
  return text;
}

async function showLesson(lesson: {
  readonly cli: Cli;
  readonly session: DemoSession;
  readonly rejected: string;
}) {
  const { cli, session, rejected } = lesson;
  const outcome = await session.teach({ place: PLACE, rejected, wanted: WANTED }, (progress) =>
    showStep(cli, progress),
  );
  cli.showProgress(undefined);
  if (outcome.kind === "cancelled") throw new Interrupted("Stopped.");
  expectProof(outcome.kind === "learned", `learning ended with "${outcome.kind}"`);
  const { steps, lossBefore, lossAfter, durationMs } = outcome.trained;
  const loss = `${lossBefore.toFixed(3)} -> ${lossAfter.toFixed(3)} nats/token`;
  cli.print(`   loss ${loss}, ${steps} steps, ${formatSeconds(durationMs / 1000)}\n\n`);
  return { steps, lossBefore, lossAfter, seconds: durationMs / 1000 };
}

/** A line that is rewritten on a terminal, a line per step elsewhere. */
function showStep(cli: Cli, progress: LearningProgress): void {
  if (cli.stdoutIsTerminal) showLearning(cli, progress);
  else cli.print(`   step ${progress.step}: loss ${progress.loss.toFixed(3)}\n`);
}

/** Ids are random and folders are named after hashes: the story reads the same every time. */
function withoutIds(path: string): string {
  return path.replace(/^adapters\/[^/]+\/[^/]+\//, "adapters/<model>/<project>/");
}

/** Times and ids make the sizes of small text files vary; those of tensors never do. */
function sizeOf({ path, bytes }: { readonly path: string; readonly bytes: number }): string {
  if (path.endsWith(".safetensors")) return `${formatBytes(bytes)}, what was trained`;
  if (path.startsWith("journal/")) return "what you taught, the source of truth";
  return path === "catalog.json" ? "what is known of models and projects" : "what an adapter came from";
}

function expectProof(isKept: boolean, what: string): void {
  if (!isKept) throw new AppError("demo-failed", `the demo's proof failed: ${what}`);
}

/** The user's own prompt and correction, in the same scratch project, until an empty line. */
async function inviteOwn(cli: Cli, session: DemoSession): Promise<void> {
  const style = styles(cli);
  cli.print(`\n${style.heading("Your turn: code to complete (an empty line ends the demo)")}`);
  for (;;) {
    const prefix = await cli.ask("   code> ");
    if (prefix.trim() === "") return;
    const place = { path: PLACE.path, prefix, suffix: "" };
    cli.print(`   ${style.faint(prefix)}`);
    const rejected = await session.complete(place, (part) => cli.print(style.strong(part)));
    const wanted = await cli.ask("\n   it should write (empty: it was right)> ");
    if (wanted.trim() !== "") await teachOwn({ cli, session, place, rejected, wanted });
  }
}

async function teachOwn(lesson: {
  readonly cli: Cli;
  readonly session: DemoSession;
  readonly place: DemoPlace;
  readonly rejected: string;
  readonly wanted: string;
}): Promise<void> {
  const { cli, session, place, rejected, wanted } = lesson;
  const style = styles(cli);
  if (rejected === wanted) {
    cli.print("   That is what it wrote.\n");
    return;
  }
  const outcome = await session.teach({ place, rejected, wanted }, (progress) => showLearning(cli, progress));
  cli.showProgress(undefined);
  if (outcome.kind !== "learned") {
    cli.print(`   It did not learn that (${outcome.kind}); it answers as before.\n`);
    return;
  }
  const { steps, lossBefore, lossAfter, durationMs } = outcome.trained;
  cli.print(
    `   loss ${lossBefore.toFixed(3)} -> ${lossAfter.toFixed(3)}, ${steps} steps, ${formatSeconds(durationMs / 1000)}\n`,
  );
  cli.print(`   ${style.faint(place.prefix)}`);
  await session.complete(place, (part) => cli.print(style.strong(part)));
  cli.print("\n");
}

function sayWhatNext(cli: Cli): void {
  cli.print(`
What next:
  npx ouro complete 'const answer = '   complete code; npx ouro --help shows all commands
  npx ouro model use FILE               use your own RWKV-7 model (.safetensors or .pth)
  OURO_HOME=DIR                         keep what you teach in DIR instead of the place below

What you teach is kept in ${locateDataHome(cli.environment).root}
Delete that folder to erase all of it. The demo's own folder is gone already.
`);
}

function styles({ hasColors }: Cli) {
  const wrap = (open: string) => (text: string) => (hasColors ? `\x1b[${open}m${text}\x1b[0m` : text);
  const [strong, faint] = [wrap("1;32"), wrap("2")];
  return { strong, faint, heading: (text: string) => `${wrap("1")(text)}\n` };
}
