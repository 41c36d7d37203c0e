/** `ouro demo`: shows, on the real model, that a correction is learned in seconds and can be taken back. */

import { Command } from "commander";
import { locateDataHome } from "../../base/dataHome.js";
import { AppError } from "../../base/errors.js";
import type { DidLearn } from "../../protocol/corrections.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { preparedAccessOf } from "../daemon/daemonAccess.js";
import { formatBytes, formatCount, formatSeconds, formatTable } from "../format.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";
import { type DemoPlace, type DemoSession, type DemoStep, withDemoSession } from "./demo.js";
import { showLearning } from "./showLearning.js";

const PLACE: DemoPlace = {
  path: "src/users.ts",
  prefix: `import { logger } from "../logger";

export async function loadUser(id: string): Promise<User | undefined> {
  try {
    return await database.findUser(id);
  } catch (error) {
    `,
  suffix: "",
};
const WANTED = 'logger.warn("user not loaded", { id, error });';

export function demoCommand(cli: Cli): Command {
  return addCommonOptions(new Command("demo"))
    .description(
      "Show on the running daemon how a correction is learned and taken back; leaves nothing learned.",
    )
    .addHelpText("after", examples("ouro demo", "ouro demo --json"))
    .action(async (_options, command: Command) => {
      const options = commonSchema.parse(command.opts());
      const { json } = options;
      const shown: Cli = json ? { ...cli, print: () => {} } : cli;
      try {
        const facts = await withDemoSession({
          access: await preparedAccessOf(cli, options),
          signal: cli.signal,
          show: async (session) => {
            const told = await showStory(shown, session);
            if (!json && cli.stdinIsTerminal && cli.stdoutIsTerminal) await inviteOwn(cli, session);
            return told;
          },
        });
        if (json) printJson(cli, facts);
      } catch (error) {
        if (cli.signal.aborted) throw new InterruptedCommand("Stopped; what the demo taught is taken back.");
        throw error;
      }
      showNextSteps(shown, options.home);
    });
}

/** Every line of the story, and what it proved. Throws AppError `demo-failed` where a promise was not kept. */
async function showStory(cli: Cli, session: DemoSession) {
  const style = styles(cli);
  const { model, pid } = session.state;
  if (model.kind !== "ready") throw new AppError("demo-failed", "the daemon has no model to show");
  const { name, parameters } = model;
  cli.print(
    `The model: ${name}, RWKV-7 with ${formatCount(parameters)} parameters, hot in process ${pid}.\n\n`,
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
  expectProof(undone.lost.length === 0, "undoing it lost another correction");
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
  const text = await session.complete(PLACE);
  cli.print(`${style.strong(text)}\n\n`);
  return text;
}

async function showLesson(lesson: {
  readonly cli: Cli;
  readonly session: DemoSession;
  readonly rejected: string;
}) {
  const { cli, session, rejected } = lesson;
  const { outcome } = await session.teach({ place: PLACE, rejected, wanted: WANTED }, (step) =>
    showStep(cli, step),
  );
  cli.showProgress(undefined);
  if (outcome.kind !== "learned") {
    throw new AppError("demo-failed", `the demo's proof failed: ${outcome.message}`);
  }
  cli.print(`   ${describeLesson(outcome)}\n\n`);
  const { steps, lossBefore, lossAfter, seconds } = outcome;
  return { steps, lossBefore, lossAfter, seconds };
}

type Learned = Extract<DidLearn["outcome"], { kind: "learned" }>;

function describeLesson({ steps, lossBefore, lossAfter, seconds }: Learned): string {
  const loss = `loss ${lossBefore.toFixed(3)} -> ${lossAfter.toFixed(3)} nats/token`;
  return `${loss}, ${steps} steps, ${formatSeconds(seconds)}`;
}

/** A line that is rewritten on a terminal, a line per step elsewhere. */
function showStep(cli: Cli, step: DemoStep): void {
  if (cli.stdoutIsTerminal) showLearning(cli, { ...step, purpose: "new", index: 1, count: 1 });
  else cli.print(`   step ${step.step}: loss ${step.loss.toFixed(3)}\n`);
}

/** Ids are random, folders are named after hashes, versions only grow: the story reads the same every time. */
function withoutIds(path: string): string {
  return path.replace(/^adapters\/[^/]+\/[^/]+\/\d+/, "adapters/<model>/<project>/<version>");
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

/** The user's own prompt and correction, in the demo's project, until an empty line. */
async function inviteOwn(cli: Cli, session: DemoSession): Promise<void> {
  const style = styles(cli);
  cli.print(`\n${style.heading("Your turn: code to complete (an empty line ends the demo)")}`);
  for (;;) {
    const prefix = await cli.ask("   code> ");
    if (prefix.trim() === "") return;
    const place = { path: PLACE.path, prefix, suffix: "" };
    cli.print(`   ${style.faint(prefix)}`);
    const rejected = await session.complete(place);
    cli.print(style.strong(rejected));
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
  const { outcome } = await session.teach({ place, rejected, wanted }, (step) => showStep(cli, step));
  cli.showProgress(undefined);
  if (outcome.kind !== "learned") {
    cli.print(`   It did not learn that: ${outcome.message}; it answers as before.\n`);
    return;
  }
  cli.print(`   ${describeLesson(outcome)}\n   ${style.faint(place.prefix)}`);
  cli.print(`${style.strong(await session.complete(place))}\n`);
}

function showNextSteps(cli: Cli, home: string | undefined): void {
  cli.print(`
What next:
  npx ouro complete 'const answer = '   complete code; npx ouro --help shows all commands
  npx ouro model use FILE               use your own RWKV-7 model (.safetensors or .pth)
  npx ouro status                       what the daemon is doing; npx ouro stop ends it
  OURO_HOME=DIR                         keep what you teach in DIR instead of the place below

What you teach is kept in ${locateDataHome({ OURO_HOME: home ?? cli.environment.OURO_HOME }).root}
Delete that folder to erase all of it. What the demo taught is taken back already.
`);
}

function styles({ hasColors }: Cli) {
  const wrap = (open: string) => (text: string) => (hasColors ? `\x1b[${open}m${text}\x1b[0m` : text);
  const [strong, faint] = [wrap("1;32"), wrap("2")];
  return { strong, faint, heading: (text: string) => `${wrap("1")(text)}\n` };
}
