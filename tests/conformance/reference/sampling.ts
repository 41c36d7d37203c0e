/** Sampling in float64, step by step as BlinkDL/ChatRWKV `rwkv_pip_package/src/rwkv/utils.py` orders it. */

import type { OccurrenceTrace, SamplingCase } from "../../../daemon/src/lab/conformance/subject.js";
import { item } from "./arrays.js";

export function probabilitiesOf(options: SamplingCase): number[] {
  const logits = Array.from(options.logits);
  if (options.repetitionPenalty !== 1)
    for (const token of options.repetitionTokens) {
      const logit = item(logits, token);
      logits[token] = logit > 0 ? logit / options.repetitionPenalty : logit * options.repetitionPenalty;
    }
  for (const token of options.tokenBan) logits[token] = Number.NEGATIVE_INFINITY;
  for (const [token, count] of options.occurrence)
    logits[token] = item(logits, token) - (options.alphaPresence + count * options.alphaFrequency);

  const isGreedy = options.temperature === 0;
  const topP = isGreedy ? 0 : options.topP;
  let p = normalize(logits.map((logit) => Math.exp(logit - Math.max(...logits))));
  const descending = p.map((_, token) => token).sort((a, b) => item(p, b) - item(p, a));
  if (topP < 1) {
    let sum = 0;
    const last = descending.find((token) => {
      sum += item(p, token);
      return sum >= topP;
    });
    const cutoff = item(p, last ?? item(descending, descending.length - 1));
    p = p.map((value) => (value < cutoff ? 0 : value));
  }
  if (options.topK > 0) for (const token of descending.slice(options.topK)) p[token] = 0;
  return normalize(isGreedy ? p : p.map((value) => value ** (1 / options.temperature)));
}

function normalize(p: number[]): number[] {
  const sum = p.reduce((total, value) => total + value, 0);
  return p.map((value) => value / sum);
}

export function occurrencesAfterEach(options: OccurrenceTrace): Map<number, number>[] {
  const counts = new Map<number, number>();
  return Array.from(options.generated, (token) => {
    for (const [seen, count] of counts) counts.set(seen, count * options.alphaDecay);
    const text = Buffer.from(options.tokenBytes.get(token) ?? []).toString("latin1");
    counts.set(token, (counts.get(token) ?? 0) + (" \t0123456789".includes(text) ? 0 : 1));
    return new Map(counts);
  });
}
