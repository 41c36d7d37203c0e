/**
 * Teaches and undoes in the home under argv[2] until it is killed; argv[3] makes its corrections its own. Prints what
 * it is told: `open`, `kept ID`, `learned ID`, `undone ID`.
 */
import { writeSync } from "node:fs";
import { createBench, lessonFor } from "./learningBench.js";

const [, , root = "", run = "0"] = process.argv;
/** Beyond this many, every correction is followed by undoing one of the newest three. */
const LEARNED_MAX = 4;
const UNDONE_AMONG_NEWEST = 3;

const bench = await createBench(root);
let count = 0;
const learning = await bench.open({ newId: () => `r${run}n${count++}` });
const say = (...words: readonly string[]) => writeSync(1, `${words.join(" ")}\n`);
say("open");
const recovered = await learning.recover();
if (recovered.kind === "recovered") {
  for (const trained of recovered.trained)
    if (trained.outcome === "learned") say("learned", trained.correctionId);
}
for (let round = 0; ; round++) {
  // Each place is corrected twice in a row.
  const place = Math.floor(round / 2);
  const outcome = await learning.correct(lessonFor(`run${run}at${place} = `, `value${round};`), {
    onKept: (id) => say("kept", id),
  });
  if (outcome.kind === "learned") say("learned", outcome.correctionId);
  const learned = learning.learned().filter((each) => each.status === "learned");
  const target = learned.at(-1 - Math.floor(Math.random() * UNDONE_AMONG_NEWEST));
  if (!target || learned.length <= LEARNED_MAX) continue;
  await learning.undo({ correctionId: target.correction.id });
  say("undone", target.correction.id);
}
