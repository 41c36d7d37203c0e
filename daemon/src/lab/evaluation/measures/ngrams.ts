/**
 * Word n-grams of texts as 53-bit numbers, and a table that tells which of many have been seen. Two polynomial hashes
 * modulo 2^32 roll along the words, so that a text costs one step per character whatever n is. With a million n-grams
 * of evaluation text and twenty million of a corpus, some 0.002 of them are expected to agree by chance.
 */

/** Long enough that agreement means copied text (GPT-3's choice: arXiv:2005.14165, appendix C). */
export const NGRAM_WORDS = 13;

const PRIME_A = 0x01000193;
const PRIME_B = 0x85ebca6b;
const BASE_A = 0x9e3779b1;
const BASE_B = 0x2c1b3c6d;

/**
 * Calls `visit` with the number of each run of `NGRAM_WORDS` words, in order. A word is a run of letters, digits,
 * `_` and `$`; everything else, white space and signs alike, only separates.
 */
export function eachNgram(text: string, visit: (ngram: number) => void): void {
  const wordsA = new Int32Array(NGRAM_WORDS);
  const wordsB = new Int32Array(NGRAM_WORDS);
  let [a, b, words] = [0, 0, 0];
  for (let at = 0; at < text.length; ) {
    if (!isWordUnit(text.charCodeAt(at))) {
      at++;
      continue;
    }
    let [wordA, wordB] = [0x811c9dc5 | 0, 0x1b873593];
    for (let unit = text.charCodeAt(at); at < text.length && isWordUnit(unit); unit = text.charCodeAt(++at)) {
      wordA = Math.imul(wordA ^ unit, PRIME_A);
      wordB = Math.imul(wordB ^ unit, PRIME_B);
      wordB ^= wordB >>> 13;
    }
    const slot = words % NGRAM_WORDS;
    // The word that leaves has been multiplied once for each of the others since.
    a = (Math.imul((a - Math.imul(wordsA[slot] ?? 0, POWER_A)) | 0, BASE_A) + wordA) | 0;
    b = (Math.imul((b - Math.imul(wordsB[slot] ?? 0, POWER_B)) | 0, BASE_B) + wordB) | 0;
    wordsA[slot] = wordA;
    wordsB[slot] = wordB;
    words++;
    if (words >= NGRAM_WORDS) visit((mix(a) >>> 0) * 2 ** 21 + (mix(b) >>> 11));
  }
}

/** Everything in the upper half of Latin-1 and beyond counts as a letter. */
function isWordUnit(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x30 && unit <= 0x39) ||
    unit === 0x5f ||
    unit === 0x24 ||
    unit >= 0xc0
  );
}

const POWER_A = power(BASE_A, NGRAM_WORDS - 1);
const POWER_B = power(BASE_B, NGRAM_WORDS - 1);

function power(base: number, exponent: number): number {
  let result = 1;
  for (let step = 0; step < exponent; step++) result = Math.imul(result, base);
  return result;
}

/** MurmurHash3's finaliser: spreads the sum over all bits. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A set of n-grams, each with the number of the document in which it was first seen. 12 bytes for each place. */
interface NgramTable {
  add(ngram: number): void;
  /** Notes that `document`, from 0 on, has this n-gram; only the first note of one that was added counts. */
  note(ngram: number, document: number): void;
  /** Undefined for what was not added or not noted. */
  documentOf(ngram: number): number | undefined;
}

/** Room for `count` n-grams. */
export function createNgramTable(count: number): NgramTable {
  // At most half full, so that a search ends after a step or two.
  const places = 2 ** Math.max(4, Math.ceil(Math.log2(2 * count + 1)));
  const keys = new Float64Array(places).fill(-1);
  const documents = new Int32Array(places).fill(-1);
  const placeOf = (ngram: number) => {
    let place = Math.floor(ngram / 2 ** 21) & (places - 1);
    while (keys[place] !== -1 && keys[place] !== ngram) place = (place + 1) & (places - 1);
    return place;
  };
  return {
    add(ngram) {
      keys[placeOf(ngram)] = ngram;
    },
    note(ngram, document) {
      const place = placeOf(ngram);
      if (keys[place] === ngram && documents[place] === -1) documents[place] = document;
    },
    documentOf(ngram) {
      const document = documents[placeOf(ngram)] ?? -1;
      return document === -1 ? undefined : document;
    },
  };
}
