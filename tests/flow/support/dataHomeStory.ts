/**
 * What somebody does with the data home in fixtures/dataHome, and what comes of it. Told twice: by the product that
 * made that home, into expected.json (fixtures/dataHome/make.mjs), and by the product as it is (dataHomeBefore.test.ts).
 * Through the command line alone, so that both are asked the same.
 */

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Ran } from "./cli.js";

interface Copy {
  /** Holds ouro-home/, model/ and lines.txt. */
  readonly folder: string;
  /** Runs `ouro` in that folder, over that data home. */
  readonly ouro: (...args: readonly string[]) => Promise<Ran>;
}

/** A project's id is made from its folder's path: these two are on every machine. */
const PROJECTS = { lowRank: "/", whole: "/usr" } as const;

const TAUGHT = {
  first: { prompt: "const a = ", wanted: "log(a);" },
  edited: { prompt: "const b = ", wanted: "log(b);", kept: "this.log(b);" },
  later: { prompt: "return ", wanted: "null;" },
  whole: { prompt: "import ", wanted: "error" },
  inFile: { request: "log?", wanted: "this.log" },
  /** Not learned yet when the story begins. */
  pending: { prompt: "await ", wanted: "async();" },
  newInFile: { request: "warn?", wanted: "this.warn" },
  /** By the story itself. */
  last: { prompt: "export ", wanted: "function ()" },
} as const;

/** The command whose run has been stopped after some of its steps. */
const TRAINING = ["train", "lines.txt", "--parameters", "lora", "--epochs", "24", "--json"] as const;

const jsonSchema = z.json();
const answeredSchema = z.object({ answer: jsonSchema, notices: z.int() });
const adaptersSchema = z.record(z.string(), z.string());
const undoneSchema = z.object({ undone: answeredSchema, writes: answeredSchema, adapters: adaptersSchema });
const recordSchema = z.record(z.string(), jsonSchema);

export const storySchema = z.object({
  found: z.object({
    lowRank: answeredSchema,
    whole: answeredSchema,
    writes: answeredSchema,
    writesWhole: answeredSchema,
    writesBase: answeredSchema,
    adapters: adaptersSchema,
  }),
  inDaemon: z.object({ learned: answeredSchema, adapters: adaptersSchema }),
  newestUndone: undoneSchema,
  olderUndone: undoneSchema,
  remade: z.object({ lowRank: answeredSchema, whole: answeredSchema, adapters: adaptersSchema }),
  resumed: z.object({ trained: answeredSchema, sha256: z.string() }),
  /** What the journal has in the end that it had not in the beginning. */
  records: z.array(recordSchema),
});
export type Story = z.infer<typeof storySchema>;

const listedSchema = z.object({
  corrections: z.array(z.object({ id: z.string(), status: z.string(), wanted: z.string() })),
});
const taughtSchema = z.object({ correctionId: z.string() });
const trainedSchema = z.object({ output: z.string() });

const HERE = "<folder>";
/** Until the daemon has learned two things of a few tokens, on a machine that is busy. */
const PATIENCE_MS = 60_000;

/** Copies a data home with its model. Files that name absolute paths name those below `by` instead of below `replaced`. */
export function copyDataHome(options: {
  readonly from: string;
  readonly to: string;
  readonly replaced?: string;
  readonly by?: string;
}): void {
  const { from, to, replaced = HERE, by = HERE } = options;
  const parts = ["ouro-home", "model", "lines.txt"];
  mkdirSync(to, { recursive: true });
  for (const part of parts) cpSync(join(from, part), join(to, part), { recursive: true });
  rmSync(join(to, "ouro-home", "runtime"), { recursive: true, force: true });
  const names = readdirSync(join(to, "ouro-home"), { recursive: true, encoding: "utf8" });
  for (const name of names.filter((each) => /(^catalog|\d{6})\.json$/.test(each))) {
    const path = join(to, "ouro-home", name);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(`"${replaced}/`, `"${by}/`));
  }
}

/** Throws where a command fails. */
export async function tellStory(copy: Copy): Promise<Story> {
  const known = journalOf(copy).length;
  const told = {
    found: await find(copy),
    inDaemon: await learnInDaemon(copy),
    newestUndone: await undo(copy),
    olderUndone: await undo(copy, await oldestLearned(copy)),
    remade: await loseAdapters(copy),
    resumed: await resume(copy),
    records: journalOf(copy).slice(known),
  };
  const { lowRank, whole } = told.remade;
  const ids = [lowRank, whole].map(({ answer }) => taughtSchema.parse(answer).correctionId);
  const text = ids.reduce((all, id, index) => all.replaceAll(id, `last${index}`), JSON.stringify(told));
  return storySchema.parse(JSON.parse(text.replaceAll(copy.folder, HERE)));
}

async function find(copy: Copy) {
  const { lowRank, whole } = PROJECTS;
  return {
    lowRank: await list(copy, lowRank),
    whole: await list(copy, whole),
    writes: await complete(copy, TAUGHT.first.prompt, lowRank),
    writesWhole: await complete(copy, TAUGHT.whole.prompt, whole),
    // As far as the settings let it write.
    writesBase: await complete(copy, TAUGHT.first.prompt, lowRank, "--base", "--stop", ""),
    adapters: adaptersOf(copy),
  };
}

/** The daemon opens the project, and learns what is pending there and what sft.org has new. */
async function learnInDaemon(copy: Copy) {
  const { ouro } = copy;
  await answerOf(ouro("start", "--json"));
  try {
    await answerOf(ouro("status", "--project", PROJECTS.lowRank, "--json"));
    return { learned: await allLearned(copy), adapters: adaptersOf(copy) };
  } finally {
    await ouro("stop");
  }
}

async function allLearned(copy: Copy) {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    const listed = await list(copy, PROJECTS.lowRank);
    const { corrections } = listedSchema.parse(listed.answer);
    const isFound = corrections.some(({ wanted }) => wanted === TAUGHT.newInFile.wanted);
    if (isFound && corrections.every(({ status }) => status !== "pending")) return listed;
  }
  throw new Error("the daemon did not learn what was pending and what is new in sft.org");
}

/** Default: the newest. */
async function undo(copy: Copy, ...id: readonly string[]) {
  return {
    undone: await answerOf(copy.ouro("undo", ...id, "--project", PROJECTS.lowRank, "--json")),
    writes: await complete(copy, TAUGHT.pending.prompt, PROJECTS.lowRank),
    adapters: adaptersOf(copy),
  };
}

async function oldestLearned(copy: Copy): Promise<string> {
  const { corrections } = listedSchema.parse((await list(copy, PROJECTS.lowRank)).answer);
  return corrections.find(({ status }) => status === "learned")?.id ?? "";
}

/** With every file gone, what is taught next is learned on top of what the journal gives back. */
async function loseAdapters(copy: Copy) {
  rmSync(join(copy.folder, "ouro-home", "adapters"), { recursive: true });
  const { prompt, wanted } = TAUGHT.last;
  const teach = (project: string) =>
    answerOf(copy.ouro("teach", prompt, "--wanted", wanted, "--project", project, "--json"));
  return {
    lowRank: await teach(PROJECTS.lowRank),
    whole: await teach(PROJECTS.whole),
    adapters: adaptersOf(copy),
  };
}

async function resume({ ouro }: Copy) {
  const trained = await answerOf(ouro(...TRAINING, "--resume"));
  return { trained, sha256: sha256Of(trainedSchema.parse(trained.answer).output) };
}

function list({ ouro }: Copy, project: string) {
  return answerOf(ouro("learned", "--project", project, "--json"));
}

/** Greedy, with log-probabilities, which are as exact as logits. */
function complete({ ouro }: Copy, prompt: string, project: string, ...more: readonly string[]) {
  return answerOf(ouro("complete", prompt, "--project", project, "--json", ...more));
}

/** A command's answer, and how many notices came with it; it must have succeeded. */
async function answerOf(ran: Promise<Ran>) {
  const { code, stdout, stderr } = await ran;
  if (code !== 0) throw new Error(`ouro ended with ${code}: ${stderr}`);
  const notices = stderr.split("\n").filter((line) => line.startsWith("ouro: ")).length;
  return { answer: parse(stdout), notices };
}

function journalOf({ folder }: Copy) {
  const journal = join(folder, "ouro-home", "journal");
  const lines = readdirSync(journal)
    .sort()
    .flatMap((name) => readFileSync(join(journal, name), "utf8").split("\n"));
  return lines.filter((line) => line !== "").map((line) => recordSchema.parse(parse(withoutDigest(line))));
}

const withoutDigest = (line: string) => line.slice(line.indexOf(" ") + 1);

/** What no two runs have in common. */
const OF_THE_CLOCK = new Set(["at", "seconds", "durationMs"]);

function parse(text: string) {
  return jsonSchema.parse(JSON.parse(text, (key, value) => (OF_THE_CLOCK.has(key) ? undefined : value)));
}

/** The digest of every adapter file, by its path. */
function adaptersOf({ folder }: Copy): Readonly<Record<string, string>> {
  const adapters = join(folder, "ouro-home", "adapters");
  const names = readdirSync(adapters, { recursive: true, encoding: "utf8" });
  const tensors = names.filter((name) => name.endsWith(".safetensors")).sort();
  return Object.fromEntries(tensors.map((name) => [name, sha256Of(join(adapters, name))]));
}

function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
