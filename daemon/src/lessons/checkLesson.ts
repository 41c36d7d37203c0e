/** The one door of learning: whatever is to be learned, from wherever it comes, is checked here before it is kept. */

import { AppError } from "../base/errors.js";
import { invisibleIn } from "./invisible.js";
import {
  firstDifference,
  followingOf,
  type Lesson,
  PROMPT_TOKENS_MAX,
  RECALL_TOKENS_MAX,
  WANTED_TOKENS_MAX,
} from "./lesson.js";

/** A completion that ran away; no more of it says anything. */
const REJECTED_TOKENS_MAX = 4096;

/** Throws `correction-empty`, `correction-too-long`, `correction-invalid`, `correction-invisible`, `correction-unshown`. */
export function checkLesson(lesson: Lesson, { vocabularySize }: { readonly vocabularySize: number }): void {
  checkLengths(lesson);
  checkTokens(lesson, vocabularySize);
  checkText(lesson);
  checkSense(lesson);
}

function checkLengths({ prompt, rejected, wanted, aim }: Lesson): void {
  const lengths = [
    ["prompt", prompt.tokens.length, PROMPT_TOKENS_MAX],
    ["rejected text", rejected.tokens.length, REJECTED_TOKENS_MAX],
    ["corrected text", wanted.tokens.length, aim === "read" ? WANTED_TOKENS_MAX : RECALL_TOKENS_MAX],
  ] as const;
  for (const [name, length, max] of lengths) {
    if (length <= max) continue;
    throw new AppError(
      "correction-too-long",
      `the ${name} has ${length} tokens, ${max} are the most; shorten it, or teach it in parts`,
    );
  }
}

function checkTokens(lesson: Lesson, size: number): void {
  const { prompt, rejected, wanted, end = 0 } = lesson;
  const tokens = [...prompt.tokens, ...rejected.tokens, ...wanted.tokens, ...followingOf(lesson), end];
  const foreign = tokens.find((token) => token >= size);
  if (foreign === undefined) return;
  throw new AppError("correction-invalid", `token ${foreign} is not in the model's vocabulary of ${size}`);
}

/** What is to come out word for word will be seen by somebody; a text that is read is checked as a whole by its door. */
function checkText({ wanted: { text }, aim }: Lesson): void {
  if (aim === "read" || text === "") return;
  const invisible = invisibleIn(text);
  if (invisible !== undefined) throw new AppError("correction-invisible", `the corrected text ${invisible}`);
  if (/\S/.test(text)) return;
  throw new AppError(
    "correction-unshown",
    "the corrected text is white space alone, which is never shown; teach it with what stands after it, or teach no text",
  );
}

function checkSense(lesson: Lesson): void {
  const { prompt, boundary, rejected, wanted, end } = lesson;
  if (!Number.isInteger(boundary) || boundary < 0 || boundary >= prompt.tokens.length) {
    throw new AppError(
      "correction-invalid",
      `the boundary ${boundary} must lie before the last of the prompt's ${prompt.tokens.length} tokens`,
    );
  }
  const isCutShort = firstDifference(rejected.tokens, wanted.tokens) === wanted.tokens.length;
  if (!isCutShort) return;
  const isSame = rejected.tokens.length === wanted.tokens.length;
  if (isSame || (end === undefined && followingOf(lesson).length === 0)) {
    throw new AppError(
      "correction-empty",
      isSame
        ? "the correction is what the model wrote; there is nothing to learn"
        : "the correction only cuts the text short, and nothing says what comes instead",
    );
  }
}
