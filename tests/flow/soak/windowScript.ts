/** What a window of the soak does, one act at a time: which and with what is drawn from the window's seed. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CancellationTokenSource } from "vscode-languageserver-protocol/node";
import type { Random } from "../../../daemon/src/base/random.js";
import type { CorrectParams } from "../../../daemon/src/protocol/corrections.js";
import type { Document, LspConversation } from "../support/lspClient.js";
import type { Ledger } from "./ledger.js";
import { drawAnswer, drawLesson, drawn, QUESTION } from "./lessons.js";

export interface Stage {
  readonly conversation: LspConversation;
  readonly folder: string;
  readonly random: Random;
  readonly documents: Document[];
  /** Corrections of this window's project that were acknowledged to it. */
  readonly taught: string[];
  readonly ask: <Answer>(
    kind: Parameters<Ledger["ask"]>[0]["kind"],
    ask: () => Promise<Answer>,
  ) => Promise<Answer | undefined>;
  readonly ledger: Ledger;
}

type Act = (stage: Stage) => Promise<void>;

/** How many of a thousand acts are of each kind: as much typing as of a person, and far more lessons. */
const ACTS: readonly (readonly [number, Act])[] = [
  [640, type],
  [150, accept],
  [60, closeDocument],
  [40, (stage) => asked(stage, "learned")],
  [40, (stage) => asked(stage, "state")],
  [40, chat],
  [10, correctSelection],
  [3, correctCompletion],
  [3, correctAccepted],
  [2, correctAnswer],
  [4, undo],
];

const DOCUMENTS_MAX = 4;
/** A document that has become so long is closed. */
const CHARACTERS_MAX = 6_000;
const PATHS = ["src/load.ts", "src/store.ts", "src/main.ts", "src/new.ts", "test/load.test.ts"] as const;
const TYPED = [
  "const total = ",
  "function open(path: string) {\n  return ",
  "}\n\n",
  "for (const order of ",
  "import { load } from ",
  "\nexport async function save(name: string, text: string) {\n  await ",
  "if (total > 0) {\n  log.info(",
  "// Grüße, 世界 😀\nlet text = `",
] as const;
/** A keystroke waits for no answer: so many requests of four are given up by the next one. */
const GIVEN_UP_OF_FOUR = 1;

export function actOnce(stage: Stage): Promise<void> {
  let left = stage.random.below(ACTS.reduce((sum, [weight]) => sum + weight, 0));
  const found = ACTS.find(([weight]) => {
    left -= weight;
    return left < 0;
  });
  return found?.[1](stage) ?? Promise.resolve();
}

function openDocument({ conversation, folder, random, documents }: Stage): Document {
  const path = join(folder, drawn(PATHS, random));
  const known = documents.find(({ uri }) => uri === pathToFileURL(path).href);
  if (known) return known;
  const opened = conversation.open(path, "// A file.\n\n");
  documents.push(opened);
  return opened;
}

async function someDocument(stage: Stage): Promise<Document> {
  const { documents, random } = stage;
  if (documents.length === 0 || (documents.length < DOCUMENTS_MAX && random.below(4) === 0))
    return openDocument(stage);
  const document = drawn(documents, random);
  if (document.text().length < CHARACTERS_MAX) return document;
  await closeDocument(stage);
  return openDocument(stage);
}

async function type(stage: Stage): Promise<void> {
  const { random, ask } = stage;
  const document = await someDocument(stage);
  const text = drawn(TYPED, random);
  const cut = 1 + random.below(text.length - 1);
  for (const piece of [text.slice(0, cut), text.slice(cut)]) {
    await document.append(piece);
    const given = new CancellationTokenSource();
    const answered = ask("completion", () => document.complete(undefined, given.token));
    if (random.below(4) < GIVEN_UP_OF_FOUR) given.cancel();
    await answered;
  }
}

async function accept(stage: Stage): Promise<void> {
  await acceptOne(stage);
}

async function acceptOne(stage: Stage) {
  const { random, ask } = stage;
  const document = await someDocument(stage);
  await document.append(drawn(TYPED, random));
  const offset = document.text().length;
  const items = await ask("completion", () => document.complete());
  const [item] = items ?? [];
  if (!item) return undefined;
  await ask("accept", () => document.accept(item));
  return { document, offset };
}

async function closeDocument({ documents }: Stage): Promise<void> {
  await documents.shift()?.close();
}

async function asked({ ask, conversation, folder }: Stage, what: "learned" | "state"): Promise<void> {
  if (what === "learned") await ask("learned", () => conversation.list(folder));
  else await ask("state", () => conversation.state(pathToFileURL(folder).href));
}

async function chat({ ask, conversation, folder, random }: Stage): Promise<void> {
  const turns = [{ role: "user", text: QUESTION } as const];
  const chatId = `chat-${random.below(1_000_000)}`;
  await ask("chat", () => conversation.chat({ chatId, folder: pathToFileURL(folder).href, turns }));
}

async function correct(stage: Stage, wanted: string, params: CorrectParams): Promise<void> {
  const { ask, conversation, folder, ledger, taught } = stage;
  const kept = await ask("correct", () => conversation.correct(params));
  if (kept === undefined) return;
  taught.push(kept.correctionId);
  ledger.acknowledge(folder, kept.correctionId, wanted);
}

async function correctSelection(stage: Stage): Promise<void> {
  const { conversation, folder, random } = stage;
  const { before, wanted } = drawLesson(random);
  // Few names, so that lessons meet at one place.
  const path = join(folder, "src", `taught${random.below(2)}.ts`);
  const document = conversation.open(path, `// A file.\n\n${before}${wanted}\n`);
  const end = document.text().length - 1;
  const range = { start: document.positionAt(end - wanted.length), end: document.positionAt(end) };
  await correct(stage, wanted, { kind: "selection", textDocument: { uri: document.uri }, range });
  await document.close();
}

async function correctCompletion(stage: Stage): Promise<void> {
  const { random, ask } = stage;
  const document = await someDocument(stage);
  const { before, wanted } = drawLesson(random);
  await document.append(`\n${before}`);
  const [item] = (await ask("completion", () => document.complete())) ?? [];
  if (!item) return;
  const [completionId] = item.command.arguments;
  await correct(stage, wanted, { kind: "completion", completionId, wanted });
}

async function correctAccepted(stage: Stage): Promise<void> {
  const { ask } = stage;
  const accepted = await acceptOne(stage);
  if (!accepted) return;
  const { document, offset } = accepted;
  await document.edit(offset + 1, offset + 1, "a");
  const at = await ask("accept", () => document.acceptedAt(offset + 1));
  if (!at) return;
  await correct(stage, at.kept, { kind: "accepted", completionId: at.completionId });
}

async function correctAnswer(stage: Stage): Promise<void> {
  const turns = [{ role: "user", text: QUESTION } as const];
  const wanted = drawAnswer(stage.random);
  const folder = pathToFileURL(stage.folder).href;
  await correct(stage, wanted, { kind: "answer", folder, turns, rejected: "I do not know.", wanted });
}

/** The newest lesson of the project, or any that this window taught. */
async function undo(stage: Stage): Promise<void> {
  const { ask, conversation, folder, random, taught, ledger } = stage;
  const correctionId = taught.length > 0 && random.below(2) === 0 ? drawn(taught, random) : undefined;
  const undone = await ask("undo", () => conversation.undo(folder, correctionId));
  if (undone) ledger.undone.add(undone.correctionId);
}
