/**
 * What a person feels: from a keystroke to the completion behind it, in documents of several lengths, with and without
 * training beside it; from a correction to its acknowledgement and to its being learned; from nothing to the first
 * completion. Measured through the daemon's own socket, as an editor's are.
 */

import { join } from "node:path";
import { sampleCode, sampleLesson, TYPED } from "./sampleCode.js";
import type { ScriptedDocument, ScriptedEditor } from "./scriptedEditor.js";

export interface Spread {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly count: number;
}

interface KeystrokeLine extends Spread {
  readonly lines: number;
  readonly where: "at the end" | "in the middle" | "after a jump";
}

const LINES = [100, 5_000, 50_000];
const KEYS = 120;
const JUMPS = 24;
/** Keys between two looks at the other state: both meet the machine as it is in the same minute. */
const MIXED_TURN_KEYS = 20;
const MIXED_TURNS = 8;
const LESSONS = 8;
/** More than are ever taught in one run. */
const LESSONS_MAX = 400;

/** `folder`: a project; nothing is written into it. */
export async function benchKeystrokes(bench: {
  readonly editor: ScriptedEditor;
  readonly folder: string;
  readonly onProgress: (done: number, total: number) => void;
}): Promise<readonly KeystrokeLine[]> {
  const { editor, folder, onProgress } = bench;
  const measured: KeystrokeLine[] = [];
  for (const [at, lines] of LINES.entries()) {
    onProgress(at, LINES.length);
    const document = await editor.open(join(folder, `lines${lines}.ts`), sampleCode(lines));
    const end = await type({ document, line: lines - 1, character: 1, keys: KEYS });
    const middle = Math.floor(lines / 2);
    await document.keystroke({ line: middle, character: 0 }, "\n");
    const within = await type({ document, line: middle, character: 0, keys: KEYS });
    const jumps: number[] = [];
    for (let jump = 0; jump < JUMPS; jump++) {
      const line = Math.floor((lines * (1 + ((jump * 7) % JUMPS))) / (JUMPS + 2));
      jumps.push(await document.keystroke({ line, character: 0 }, " "));
    }
    await document.close();
    measured.push(
      { lines, where: "at the end", ...spreadOf(end) },
      { lines, where: "in the middle", ...spreadOf(within) },
      { lines, where: "after a jump", ...spreadOf(jumps) },
    );
  }
  return measured;
}

interface MixedOutcome {
  readonly idle: Spread;
  readonly training: Spread;
  readonly acknowledged: Spread;
  readonly learned: Spread;
}

/** `trainer` teaches in a project of its own while `editor` types; the turns with and without training alternate. */
export async function benchMixed(bench: {
  readonly editor: ScriptedEditor;
  readonly trainer: ScriptedEditor;
  readonly folder: string;
  readonly trainerFolder: string;
  readonly onProgress: (done: number, total: number) => void;
}): Promise<MixedOutcome> {
  const { editor, trainer, folder, trainerFolder, onProgress } = bench;
  const lines = 5_000;
  const document = await editor.open(join(folder, "mixed.ts"), sampleCode(lines));
  const lessons = await openLessons(trainer, trainerFolder);
  let line = lines - 1;
  const turn = async () => {
    const times = await type({
      document,
      line,
      character: line === lines - 1 ? 1 : 0,
      keys: MIXED_TURN_KEYS,
    });
    await document.keystroke({ line, character: 0 }, "\n");
    line += 1;
    return times;
  };
  await turn();
  const [idle, training]: [number[], number[]] = [[], []];
  for (let round = 0; round < MIXED_TURNS; round++) {
    onProgress(round, MIXED_TURNS + LESSONS);
    idle.push(...(await turn()));
    const busy = keepTeaching(lessons);
    await busy.begun;
    training.push(...(await turn()));
    await busy.end();
  }
  const [acknowledged, learned]: [number[], number[]] = [[], []];
  for (let lesson = 0; lesson < LESSONS; lesson++) {
    onProgress(MIXED_TURNS + lesson, MIXED_TURNS + LESSONS);
    const startedMs = performance.now();
    const id = await lessons.teachNext();
    acknowledged.push(performance.now() - startedMs);
    await trainer.learned(id);
    learned.push(performance.now() - startedMs);
  }
  return {
    idle: spreadOf(idle),
    training: spreadOf(training),
    acknowledged: spreadOf(acknowledged),
    learned: spreadOf(learned),
  };
}

/** Types the sample from a place on, line by line, and times each key. */
async function type(place: {
  readonly document: ScriptedDocument;
  readonly line: number;
  readonly character: number;
  readonly keys: number;
}): Promise<readonly number[]> {
  let { line, character } = place;
  const times: number[] = [];
  for (const key of TYPED.slice(0, place.keys)) {
    times.push(await place.document.keystroke({ line, character }, key));
    if (key === "\n") [line, character] = [line + 1, 0];
    else character += 1;
  }
  return times;
}

interface Lessons {
  /** Acknowledged when it resolves. */
  teachNext(): Promise<string>;
  learned(correctionId: string): Promise<void>;
}

/** Each lesson is the third line of another function, and like no other. */
async function openLessons(trainer: ScriptedEditor, folder: string): Promise<Lessons> {
  const code = sampleCode(11 * LESSONS_MAX).split("\n");
  for (let number = 0; number < LESSONS_MAX; number++) code[11 * number + 3] = `    ${sampleLesson(number)}`;
  const document = await trainer.open(join(folder, "lessons.ts"), code.join("\n"));
  let next = 0;
  return {
    teachNext() {
      const line = 11 * (next % LESSONS_MAX) + 3;
      next += 1;
      return trainer.correct({
        kind: "selection",
        textDocument: { uri: document.uri },
        range: { start: { line, character: 0 }, end: { line: line + 1, character: 0 } },
      });
    },
    learned: (id) => trainer.learned(id),
  };
}

/** One lesson after another until it is told to end; the last one is waited for. */
function keepTeaching(lessons: Lessons): { readonly begun: Promise<void>; end(): Promise<void> } {
  let isEnding = false;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const taught = (async () => {
    while (!isEnding) {
      const id = await lessons.teachNext();
      begin();
      await lessons.learned(id);
    }
  })();
  return {
    begun,
    async end() {
      isEnding = true;
      await taught;
    },
  };
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50Ms: at(0.5), p95Ms: at(0.95), count: sorted.length };
}
