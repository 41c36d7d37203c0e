/** The door of learning: what a caller says was wrong, checked and turned into the record that will be kept. */

import { AppError } from "../base/errors.js";
import { type CorrectionRecord, type Passage, RECORD_VERSION, type Scope } from "../journal/records.js";
import { firstDifference, tokensAfter } from "./example.js";

/** Tokens with the text they stand for; the text is for people, the tokens are what is learned. */
export interface Text {
  readonly text: string;
  readonly tokens: Uint32Array;
}

export interface Teaching {
  readonly source: CorrectionRecord["source"];
  /** Default: `recall`. */
  readonly aim?: CorrectionRecord["aim"];
  /** Exactly what the model read before it wrote `rejected`. */
  readonly prompt: Text;
  /**
   * Index into the prompt's tokens from which the adapter acts: before it the base alone reads. At most the last
   * token's index, since the adapter must read something before it can write.
   */
  readonly boundary: number;
  /** What the model wrote, without an ending; may be empty where it is not known. */
  readonly rejected: Text;
  /** What it should have written, without an ending. */
  readonly wanted: Text;
  /** The token that ends a completion, where the prompt's form has one; it is taught too. */
  readonly end?: number;
  /** The text that stands after the completion, where no token ends it. */
  readonly following?: Uint32Array;
}

/** Longer prompts are the caller's to shorten: only it knows which part matters. */
const PROMPT_TOKENS_MAX = 16_384;
/** A step costs time in proportion; beyond a screenful, several corrections say it better. */
const WANTED_TOKENS_MAX = 512;
const REJECTED_TOKENS_MAX = 4096;

/** Throws `correction-empty`, `correction-too-long`, `correction-invalid`. */
export function toCorrection(options: {
  readonly teaching: Teaching;
  readonly scope: Scope;
  readonly projectName: string;
  readonly vocabularySize: number;
  readonly id: string;
  readonly at: Date;
}): CorrectionRecord {
  const { teaching, scope, projectName, id } = options;
  const { source, aim = "recall", boundary } = teaching;
  const record: CorrectionRecord = {
    kind: "correction",
    v: RECORD_VERSION,
    at: options.at.toISOString(),
    scope,
    id,
    projectName,
    source,
    aim,
    prompt: toPassage(teaching.prompt),
    boundary,
    rejected: toPassage(teaching.rejected),
    wanted: toPassage(teaching.wanted),
    end: teaching.end ?? null,
    following: teaching.end === undefined ? Array.from(teaching.following ?? []) : [],
  };
  const trimmed = { ...record, following: [...tokensAfter({ end: null, following: record.following })] };
  checkLengths(trimmed);
  checkTokens(trimmed, options.vocabularySize);
  checkSense(trimmed);
  return trimmed;
}

function checkLengths({ prompt, rejected, wanted }: CorrectionRecord): void {
  const lengths = [
    ["prompt", prompt.tokens.length, PROMPT_TOKENS_MAX],
    ["rejected text", rejected.tokens.length, REJECTED_TOKENS_MAX],
    ["corrected text", wanted.tokens.length, WANTED_TOKENS_MAX],
  ] as const;
  for (const [name, length, max] of lengths) {
    if (length <= max) continue;
    throw new AppError(
      "correction-too-long",
      `the ${name} has ${length} tokens, ${max} are the most; shorten it`,
    );
  }
}

function checkTokens({ prompt, rejected, wanted, end, following }: CorrectionRecord, size: number): void {
  const tokens = [...prompt.tokens, ...rejected.tokens, ...wanted.tokens, ...following, end ?? 0];
  const foreign = tokens.find((token) => token >= size);
  if (foreign === undefined) return;
  throw new AppError("correction-invalid", `token ${foreign} is not in the model's vocabulary of ${size}`);
}

function checkSense(correction: CorrectionRecord): void {
  const { prompt, boundary, rejected, wanted } = correction;
  if (!Number.isInteger(boundary) || boundary < 0 || boundary >= prompt.tokens.length) {
    throw new AppError(
      "correction-invalid",
      `the boundary ${boundary} must lie before the last of the prompt's ${prompt.tokens.length} tokens`,
    );
  }
  const isCutShort = firstDifference(rejected.tokens, wanted.tokens) === wanted.tokens.length;
  if (!isCutShort) return;
  const isSame = rejected.tokens.length === wanted.tokens.length;
  if (isSame || tokensAfter(correction).length === 0) {
    throw new AppError(
      "correction-empty",
      isSame
        ? "the correction is what the model wrote; there is nothing to learn"
        : "the correction only cuts the text short, and nothing says what comes instead",
    );
  }
}

function toPassage({ text, tokens }: Text): Passage {
  return { text, tokens: Array.from(tokens) };
}
