/** What is taught by files, over the fake engine and a real journal: how often a save is read, and who is taught. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_SETTINGS } from "@ouroboros/configs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createByteTokenizer, createFakeEngine, createFakeModel } from "../../test/fakeEngine.js";
import { locateDataHome, prepareDataHome } from "../base/dataHome.js";
import { NO_LOG } from "../base/log.js";
import { parseOrg } from "../data/org/parseOrg.js";
import { NO_ANCHORS } from "../learning/anchors.js";
import { joinLearning, listLearning, openJournalOf, viewLearning } from "../learning/open.js";
import { LEARNING_DEFAULTS } from "../learning/recipe.js";
import { lessonsOf } from "../lessons/orgLessons.js";
import type { Assistant, Client } from "./assistant.js";
import { type AssistantOptions, LocalAssistant } from "./localAssistant.js";

vi.mock("../data/org/parseOrg.js", { spy: true });
vi.mock("../lessons/orgLessons.js", { spy: true });

/** Every lesson of every project is a synced write, on a disk that others may use too. */
const WAIT = { timeout: 20_000 };
/** As many as may be open. */
const PROJECTS = 64;
const SAMPLES = 3;

let root: string;
let saved: Parameters<AssistantOptions["watch"]>[0]["onSaved"];
let assistant: Assistant;
let client: Client;

beforeEach(async () => {
  vi.clearAllMocks();
  root = realpathSync(mkdtempSync(join(tmpdir(), "ouro-files-")));
  const home = locateDataHome({ OURO_HOME: join(root, "home") });
  await prepareDataHome(home);
  const journal = await openJournalOf(home, { onRecord: () => {} });
  assistant = new LocalAssistant({
    version: "0.0.0",
    homeFolder: home.root,
    settings: DEFAULT_SETTINGS,
    async load() {
      const tokenizer = createByteTokenizer();
      const model = createFakeModel({ vocabularySize: tokenizer.size, seed: 1 });
      const of = { path: "/models/a", vocabularyPath: "", isEmbedded: false, form: "continue" } as const;
      return { engine: { ...createFakeEngine(), close: () => {} }, model, tokenizer, ...of };
    },
    join: (project, { engine, model, tokenizer, path }, show) => {
      const settings = LEARNING_DEFAULTS;
      const fixed = { modelPath: path, settings, anchors: NO_ANCHORS, clock: () => new Date(0), show };
      return joinLearning({ home, project, engine, model, tokenizer, ...fixed }, journal);
    },
    view: (project, { model, tokenizer }) => viewLearning({ home, project, model, tokenizer }),
    list: (project, { hash, vocabularyHash }) =>
      listLearning(home, { project: project.id, model: hash, vocabulary: vocabularyHash }),
    identify: async () => ({ hash: "a", vocabularyHash: "", weights: "auto" }),
    notices: () => [],
    losses: () => [],
    watch(listener) {
      saved = listener.onSaved;
      return { close: async () => {} };
    },
    release: () => journal.close(),
    log: NO_LOG,
    nowMs: () => performance.now(),
  });
  client = assistant.connect({ onState: () => {}, onLearned: () => {} });
  // What is kept is looked at here, not what training makes of it.
  client.setPaused(true);
});
afterEach(async () => {
  client.close();
  await assistant.close();
  rmSync(root, { recursive: true, force: true });
});

function projectAt(nth: number) {
  const folder = join(root, `project${nth}`);
  mkdirSync(join(folder, ".git"), { recursive: true });
  return { file: null, folder };
}
const answers = (prefix: string) =>
  Array.from({ length: SAMPLES }, (_, nth) => `* REQUEST ${prefix}${nth}\n** RESPONSE yes${nth}`).join("\n");
const org = (samples: string) => `#+TODO: REQUEST RESPONSE\n${samples}\n`;
const taughtIn = async (nth: number) => (await client.learned(projectAt(nth))).corrections.length;

test("one save is parsed once and made into lessons once, for 64 open projects", async () => {
  for (let nth = 0; nth < PROJECTS; nth++) await client.state(projectAt(nth));
  saved("/home/sft.org", org(answers("a")));
  for (let nth = 0; nth < PROJECTS; nth++) await expect.poll(() => taughtIn(nth), WAIT).toBe(SAMPLES);
  expect(parseOrg).toHaveBeenCalledTimes(1);
  expect(lessonsOf).toHaveBeenCalledTimes(1);

  saved("/home/sft.org", org(answers("b")));
  await expect.poll(() => taughtIn(PROJECTS - 1), WAIT).toBe(2 * SAMPLES);
  expect(parseOrg).toHaveBeenCalledTimes(2);
  expect(lessonsOf).toHaveBeenCalledTimes(2);
});

test("what was saved before a project is opened is taught to it, without reading the file again", async () => {
  saved("/home/sft.org", org(answers("a")));
  await client.state(projectAt(0));
  await client.state(projectAt(1));
  await expect.poll(() => taughtIn(1), WAIT).toBe(SAMPLES);
  await expect.poll(() => taughtIn(0), WAIT).toBe(SAMPLES);
  expect(parseOrg).toHaveBeenCalledTimes(1);
  expect(lessonsOf).toHaveBeenCalledTimes(1);
});

test("another model's vocabulary has lessons of its own, of the file as it was parsed", async () => {
  saved("/home/sft.org", org(answers("a")));
  await client.state(projectAt(0));
  await expect.poll(() => taughtIn(0), WAIT).toBe(SAMPLES);
  await assistant.changeModel();
  await client.state(projectAt(0));
  await expect.poll(() => vi.mocked(lessonsOf).mock.calls.length, WAIT).toBe(2);
  expect(parseOrg).toHaveBeenCalledTimes(1);
});

test("what is wrong in a file is said until it is mended", async () => {
  const notices = async () => (await client.state(projectAt(0))).notices;
  saved("/home/sft.org", org("* REQUEST a\n** RESPONSE b\n#+begin_src"));
  await expect
    .poll(notices, WAIT)
    .toEqual([expect.stringContaining("is one end of a block without the other")]);
  saved("/home/sft.org", org(answers("a")));
  await expect.poll(notices, WAIT).toEqual([]);
});
