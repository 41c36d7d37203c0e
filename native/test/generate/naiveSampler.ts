/** The sampling algorithm as its description reads, sorting everything: what the fast one is compared with. */

import type { Sampling } from "../../lib/types.js";

/** Assumes that no two logits are equal. */
export function naiveProbabilities(options: {
  readonly logits: Float32Array;
  readonly sampling: Sampling;
  readonly occurrences: ReadonlyMap<number, number>;
  readonly repeated: Uint32Array;
}): { readonly probabilities: number[]; readonly isNearCut: boolean } {
  const { sampling, occurrences } = options;
  const logits = Array.from(options.logits);
  for (const token of new Set(options.repeated)) {
    const logit = logits[token] ?? 0;
    logits[token] = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty;
  }
  for (const token of sampling.tokenBan) logits[token] = Number.NEGATIVE_INFINITY;
  for (const [token, count] of occurrences) {
    logits[token] = (logits[token] ?? 0) - sampling.alphaPresence - count * sampling.alphaFrequency;
  }
  const untempered = normalised(logits.map((logit) => Math.exp(logit - Math.max(...logits))));
  const order = [...untempered.keys()].sort((a, b) => (untempered[b] ?? 0) - (untempered[a] ?? 0));

  let cumulative = 0;
  let isNearCut = false;
  const kept = new Set<number>();
  for (const token of order) {
    if (sampling.topP < 1 && cumulative >= sampling.topP) break;
    if (sampling.topK > 0 && kept.size === sampling.topK) break;
    kept.add(token);
    cumulative += untempered[token] ?? 0;
    isNearCut ||= Math.abs(cumulative - sampling.topP) < 1e-5;
  }
  // Penalties can make two probabilities equal up to rounding, which topK must not have to tell apart.
  const sorted = order.map((token) => untempered[token] ?? 0);
  isNearCut ||= sorted.some((p, i) => i > 0 && p > 1e-9 && Math.abs(1 - p / (sorted[i - 1] ?? 0)) < 1e-5);
  const probabilities = normalised(
    untempered.map((p, token) => (kept.has(token) ? p ** (1 / sampling.temperature) : 0)),
  );
  return { probabilities, isNearCut };
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
