/** What each figure of the JSON report means, in words, so that a report can be read years later. */

export const DEFINITIONS = {
  bits: "Σ -log2 p / UTF-8 bytes over all text tokens of windows of `windowTokens` tokens, each from the zero State after the end-of-document token and the file's header (not scored); a shorter file is one window, the last window of a file is shorter. `late`: positions from half of the window on. `whole`: files with the State carried, cut at 16,384 tokens. top1, top5: shares of tokens, top5 in every fourth window. `standardError`: of bitsPerByte, from the spread between windows. Windows and files are drawn by the seed per project and language; means over projects are unweighted.",
} as const;
