/**
 * What was taught comes out whole in the editor's way of asking: over lines, by the stop rules, past the filters, with
 * a session's States. With the shipped model.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLearning, type SoleLearning } from "../../test/soleLearning.js";
import { locateDataHome, prepareDataHome } from "../base/dataHome.js";
import { createEngine, loadTokenizer } from "../engine/engine.js";
import { GREEDY } from "../engine/greedy.js";
import { loadAnchors } from "../learning/anchors.js";
import { LEARNING_DEFAULTS } from "../learning/recipe.js";
import { completionLesson } from "../lessons/correctionLesson.js";
import { embeddedModelPath } from "../models/modelFiles.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import { Session } from "../states/session.js";
import { projectOf } from "../store/project.js";
import { propose } from "./proposal.js";

const modelPath = embeddedModelPath();
const modelFile = (name: string) => join(modelPath, "..", name);
const engine = createEngine();
const tokenizer = loadTokenizer(modelFile("vocab.txt"));
let folder = "";
let learning: SoleLearning;
let session: Session;
let model: Awaited<ReturnType<typeof engine.loadModel>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouroboros-taught-"));
  const home = locateDataHome({ OURO_HOME: join(folder, "home") });
  await prepareDataHome(home);
  model = await engine.loadModel({ path: modelPath });
  session = new Session({ model, statesMax: 16 });
  learning = await openLearning({
    home,
    engine,
    model,
    tokenizer,
    project: await projectOf(folder),
    modelPath,
    settings: LEARNING_DEFAULTS,
    anchors: await loadAnchors({ path: modelFile("anchors.json"), tokenizer }),
    clock: () => new Date(0),
  });
});
afterAll(async () => {
  await learning.close();
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function ask({ path, ...place }: { path: string; prefix: string; suffix: string }) {
  const prompt = completionPrompt({ tokenizer, path, ...place });
  const proposed = await propose({
    model,
    tokenizer,
    adapter: learning.currentAdapter().adapter,
    session,
    prompt,
    sampling: GREEDY,
    tokensMax: 8,
    taught: learning.taughtTexts(),
    place,
    signal: new AbortController().signal,
  });
  if (proposed.kind === "cancelled") throw new Error("nobody cancels here");
  const { draft, shown } = proposed;
  return { prompt, draft, shown: shown.kind === "kept" ? shown.text : "" };
}

const HEAD =
  "export async function load(id: string) {\n  try {\n    return await find(id);\n  } catch (error) {\n    ";
test.each([
  [
    "two lines within code",
    { path: "src/a.ts", prefix: HEAD, suffix: "\n  }\n}\n" },
    'logger.warn("not loaded", { id, error });\n    return undefined;',
  ],
  [
    "two lines at the end of a file",
    { path: "src/b.ts", prefix: "import { open } from './open.js';\n\nconst ", suffix: "" },
    "store = await open(FOLDER);\nexport const lines = store.lines();",
  ],
  [
    "a block",
    { path: "src/e.ts", prefix: "function first(list: string[]) {\n  ", suffix: "" },
    "if (list.length === 0) {\n    return none();\n  }",
  ],
  [
    "a long line, in spite of the limit on tokens",
    { path: "src/f.ts", prefix: "const message =\n  ", suffix: "" },
    'sign("order", user.name, user.mail, count, shop.name, card.kind, day, order.total, order.currency, order.state, order.note);',
  ],
  [
    "an open bracket, at which a line ends",
    { path: "src/g.ts", prefix: "const all = ", suffix: "" },
    "await Promise.all(",
  ],
  [
    "a line that stands less far in than the cursor, blanks and all",
    { path: "src/h.ts", prefix: "if (a) {\n    stop();\n    ", suffix: "" },
    "b();  \n}\n",
  ],
  ["nothing at all", { path: "src/c.ts", prefix: "const port = 8080;\nconst host", suffix: "" }, ""],
  ["nothing within code", { path: "src/d.ts", prefix: `${HEAD}throw`, suffix: "\n  }\n}\n" }, ""],
])("%s, taught, come out as they were taught", { timeout: 120_000 }, async (_name, place, wanted) => {
  const before = await ask(place);
  const { prompt } = before;
  const rejected = before.draft.text || "x";
  const said = { tokenizer, prompt, place, rejected, wanted };
  const lesson = completionLesson({ ...said, source: "teach", stop: "\n" });
  expect((await learning.correct(lesson)).kind).toBe("learned");
  expect((await ask(place)).shown).toBe(wanted);
});
