/**
 * Makes a vocabulary for greedy longest match from texts: byte-pair encoding learns somewhat more tokens than fit,
 * and those that greedy matching then uses least are dropped (merges leave stepping stones that nothing uses).
 * The result depends on the texts and the size alone.
 */
import { setImmediate } from "node:timers/promises";
import { AppError } from "../../base/errors.js";
import { type OnProgress, startPhase } from "../../base/progress.js";
import { type VocabularyEntry, worldFormat } from "../../models/worldFormat.js";
import { CONTROL_COUNT, CONTROL_ID_FIRST, CONTROL_LITERALS } from "../../prompt/controlTokens.js";
import { learnPairs } from "./bytePairs.js";
import { fixedTokens } from "./fixedTokens.js";
import { pretokens } from "./pretokens.js";

interface TrainVocabularyOptions {
  readonly texts: AsyncIterable<string> | Iterable<string>;
  /** Highest id + 1; 4096 for the embedded model. */
  readonly size: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

type TrainedVocabulary =
  | {
      readonly kind: "finished";
      /** In the World text format. */
      readonly file: string;
      readonly tokens: ReadonlySet<string>;
    }
  | { readonly kind: "cancelled" };

const TOKEN_BYTES_MAX = 32;
/** Learnt beyond the size and dropped again. */
const SURPLUS = 1.15;
/** Distinct pieces kept; the rarest of a huge corpus cannot become tokens anyway. */
const PIECES_MAX = 2_000_000;

export async function trainVocabulary(options: TrainVocabularyOptions): Promise<TrainedVocabulary> {
  const { size, signal } = options;
  const fixed = fixedTokens().map(toLatin1);
  const room = size - CONTROL_ID_FIRST - CONTROL_COUNT - fixed.length;
  if (room < 0)
    throw new AppError("input-invalid", `a vocabulary needs at least ${size - room} tokens, not ${size}`);

  const pieces = await countPieces(options.texts, signal);
  if (pieces === undefined) return { kind: "cancelled" };
  const merges = Math.floor((size - CONTROL_ID_FIRST - CONTROL_COUNT) * SURPLUS);
  const report = startPhase({ phase: "learn", total: merges, onProgress: options.onProgress });
  const learning = learnPairs({ pieces, merges, bytesMax: TOKEN_BYTES_MAX });
  let step = learning.next();
  for (; step.done !== true; step = learning.next()) {
    report(step.value, "byte pairs");
    await setImmediate();
    if (signal?.aborted === true) return { kind: "cancelled" };
  }
  const chosen = mostUsed({ learnt: step.value, fixed, pieces, room });
  const tokens = new Set([...bytes(), ...fixed, ...chosen]);
  return { kind: "finished", file: worldFormat(entries([...fixed, ...chosen])), tokens };
}

/** Tokens that greedy longest match makes of a text. Exact within pieces, across which no token reaches. */
export function countTokens(text: string, tokens: ReadonlySet<string>): number {
  let count = 0;
  for (const piece of pretokens(text)) for (const _ of greedy(toLatin1(piece), tokens)) count++;
  return count;
}

async function countPieces(
  texts: TrainVocabularyOptions["texts"],
  signal: AbortSignal | undefined,
): Promise<Map<string, number> | undefined> {
  const counts = new Map<string, number>();
  for await (const text of texts) {
    if (signal?.aborted === true) return undefined;
    for (const piece of pretokens(text)) {
      const known = counts.get(piece);
      if (known !== undefined || counts.size < PIECES_MAX) counts.set(piece, (known ?? 0) + 1);
    }
  }
  return new Map([...counts].map(([piece, count]) => [toLatin1(piece), count]));
}

interface MostUsedOptions {
  readonly learnt: readonly string[];
  readonly fixed: readonly string[];
  readonly pieces: ReadonlyMap<string, number>;
  readonly room: number;
}

/** Drops the least used in two rounds, since every drop sends text back to shorter tokens. */
function mostUsed({ learnt, fixed, pieces, room }: MostUsedOptions): string[] {
  const isFixed = new Set(fixed);
  let kept = learnt.filter((token) => !isFixed.has(token));
  for (const limit of [Math.round((kept.length + room) / 2), room]) {
    if (kept.length <= limit) continue;
    const uses = countUses(pieces, new Set([...bytes(), ...fixed, ...kept]));
    // Bytes saved, not uses: a long rare token may earn more than a short common one. Earlier learnt wins ties.
    const saved = (token: string) => (uses.get(token) ?? 0) * (token.length - 1);
    kept = [...kept].sort((a, b) => saved(b) - saved(a)).slice(0, limit);
  }
  return kept;
}

function countUses(pieces: ReadonlyMap<string, number>, tokens: ReadonlySet<string>): Map<string, number> {
  const uses = new Map<string, number>();
  for (const [piece, count] of pieces) {
    for (const token of greedy(piece, tokens)) uses.set(token, (uses.get(token) ?? 0) + count);
  }
  return uses;
}

/** Greedy longest match over Latin-1 text. Every single byte is a token, so it always goes on. */
function* greedy(piece: string, tokens: ReadonlySet<string>): Generator<string> {
  for (let at = 0; at < piece.length; ) {
    let length = Math.min(TOKEN_BYTES_MAX, piece.length - at);
    while (length > 1 && !tokens.has(piece.slice(at, at + length))) length--;
    yield piece.slice(at, at + length);
    at += length;
  }
}

/** 1…256 the bytes, then the control tokens, then all others by length and bytes. */
function entries(others: readonly string[]): VocabularyEntry[] {
  const sorted = [...others].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return [...bytes(), ...CONTROL_LITERALS, ...sorted].map((text, index) => ({
    id: index + 1,
    bytes: Buffer.from(text, "latin1"),
  }));
}

function bytes(): string[] {
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
}

function toLatin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
