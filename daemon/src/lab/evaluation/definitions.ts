/** What each figure of the JSON report means, in words, so that a report can be read years later. */

import type { Measure } from "./evaluate.js";

export const DEFINITIONS: Readonly<Record<Measure, string>> = {
  bits: "Σ -log2 p / UTF-8 bytes over all text tokens of windows of `windowTokens` tokens, each from the zero State after the end-of-document token and the file's header (not scored); a shorter file is one window, the last window of a file is shorter. `late`: positions from half of the window on. `whole`: files with the State carried, cut at 16,384 tokens. top1, top5: shares of tokens, top5 in every fourth window. `standardError`: of bitsPerByte, from the spread between windows. Windows and files are drawn by the seed per project and language; means over projects are unweighted. `comparedBitsPerByte`: the same windows, with the compared type of weights.",
  lines:
    "At lines drawn by the seed (with a word in them, at least five lines down), after the indentation: one line written greedily through the product's prompts (continue: the text above; fill: the text below too) without its filters, 64 tokens at most. exact: equal but for blanks around. editSimilarity: mean of 1 - Levenshtein's distance / longer length. firstThree: share with the first three characters right.",
  fill: "As `lines`, with the line's rest cut off within it, where at least three characters follow: `word`: before a word; `character`: before any character. The same places in both forms.",
  induction:
    "A name drawn from syllables is defined and used once, then come whole lines of real code of `distance` tokens, then a line that asks for it: `typed` with its first three characters there, `bare` with the words that stood before its use, `undefined` as typed but with another name defined. recall: share of greedy continuations that write the rest of the name and end it there. The text is not cut to the product's window.",
  samples:
    "Twelve lines sampled with temperature 0.6 and top-p 0.9 at drawn lines of TypeScript and JavaScript, 192 tokens at most. balanced: every closing bracket closes the innermost open one, those of the text above included. repeatedNgrams: mean of 1 - distinct / all 4-grams of words and signs. repeatedLines: share of lines that the sample had before. `real`: the same of what stands there.",
  latency:
    "firstTokenMs: from the call to the first token, with 512 tokens of real text to read from the zero State. tokenMs: mean from the first to the 64th token. Percentiles over runs, by nearest rank; they depend on the machine's load.",
  leak: "share: of all runs of 13 words (letters, digits, _ and $) of the evaluated files, those that some document of the corpus has too; comments at the start of a file that speak of a licence are left out on both sides. `with`: the document that was first to have most of them.",
};
