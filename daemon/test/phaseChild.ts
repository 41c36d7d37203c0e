/**
 * Teaches one correction in the home under argv[2], and kills itself without a warning as soon as it has reached the
 * phase argv[3]. Prints the correction's id once it was acknowledged.
 */
import { writeSync } from "node:fs";
import { ProjectLearning } from "../src/assistant/projectLearning.js";
import { NO_LOG } from "../src/base/log.js";
import { createBench, lessonFor } from "./learningBench.js";

const [, , root = "", deadly = ""] = process.argv;
const bench = await createBench(root);
const line = new ProjectLearning({
  project: bench.options.project,
  learning: await bench.open(),
  isPaused: false,
  onLearned: () => {},
  onChange: () => {},
  onPhase(phase, correctionId) {
    if (phase === "kept") writeSync(1, correctionId);
    if (phase === deadly) process.kill(process.pid, "SIGKILL");
  },
  log: NO_LOG,
});
const kept = await line.keep({ lesson: lessonFor("const log = ", "createLogger();"), origin: "completion" });
await kept.done;
