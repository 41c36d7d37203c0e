/**
 * Finds texts that repeat an earlier one, exactly or nearly (the esm, cjs and src twins of one file).
 * MinHash over word shingles with banding (Broder 1997; Leskovec et al., "Mining of Massive Datasets", ch. 3).
 * Deterministic: the first of a group of twins stays. One instance per corpus; memory grows with kept texts.
 */
import { createHash } from "node:crypto";

const SHINGLE_WORDS = 5;
const BANDS = 16;
const ROWS = 4;
const HASHES = BANDS * ROWS;
/** Estimated Jaccard similarity from which a text counts as a twin. */
const SIMILARITY_MIN = 0.75;
/** Below this, texts share licence lines and imports by nature; only exact copies are twins then. */
const SHINGLES_MIN = 24;
/** Candidates compared per band: enough for the many near-copies in one package, bounded for boilerplate. */
const CANDIDATES_MAX = 32;

type Twin = "exact" | "near" | undefined;

export class Deduplicator {
  readonly #exact = new Set<string>();
  readonly #bands: Map<number, number[]>[] = Array.from({ length: BANDS }, () => new Map());
  readonly #signatures: Uint32Array[] = [];

  /** Whether `text` repeats one given before; a text that does not is remembered. */
  add(text: string): Twin {
    const digest = createHash("sha256").update(text).digest("base64");
    if (this.#exact.has(digest)) return "exact";
    this.#exact.add(digest);
    const signature = signatureOf(text);
    if (signature === undefined) return undefined;
    const keys = bandKeys(signature);
    if (this.#hasTwin(signature, keys)) return "near";
    const index = this.#signatures.push(signature) - 1;
    keys.forEach((key, band) => {
      const bucket = this.#bands[band]?.get(key);
      if (bucket === undefined) this.#bands[band]?.set(key, [index]);
      else if (bucket.length < CANDIDATES_MAX) bucket.push(index);
    });
    return undefined;
  }

  #hasTwin(signature: Uint32Array, keys: readonly number[]): boolean {
    return keys.some((key, band) =>
      this.#bands[band]?.get(key)?.some((index) => {
        const other = this.#signatures[index];
        return other !== undefined && similarity(signature, other) >= SIMILARITY_MIN;
      }),
    );
  }
}

function similarity(a: Uint32Array, b: Uint32Array): number {
  let same = 0;
  for (let i = 0; i < HASHES; i++) if (a[i] === b[i]) same++;
  return same / HASHES;
}

function signatureOf(text: string): Uint32Array | undefined {
  const words = [...text.matchAll(/[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]/gu)].map(([word]) => hashWord(word));
  if (words.length < SHINGLES_MIN + SHINGLE_WORDS) return undefined;
  const signature = new Uint32Array(HASHES).fill(0xffffffff);
  for (let at = 0; at + SHINGLE_WORDS <= words.length; at++) {
    let shingle = 0;
    for (let i = 0; i < SHINGLE_WORDS; i++) shingle = (Math.imul(shingle, 31) + (words[at + i] ?? 0)) | 0;
    for (let i = 0; i < HASHES; i++) {
      const hash = mix(shingle ^ Math.imul(i + 1, 0x9e3779b1));
      if (hash < (signature[i] ?? 0)) signature[i] = hash;
    }
  }
  return signature;
}

function bandKeys(signature: Uint32Array): number[] {
  return Array.from({ length: BANDS }, (_, band) => {
    let key = 0;
    for (let row = 0; row < ROWS; row++) key = mix(key ^ (signature[band * ROWS + row] ?? 0));
    return key;
  });
}

/** FNV-1a over UTF-16 units. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash | 0;
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
