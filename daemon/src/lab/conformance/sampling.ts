/** Group h: the probabilities that the sampler draws from, after every filter, and its counting of occurrences. */

import { SamplingCard } from "./goldenCard.js";
import type { Subject } from "./subject.js";
import { SAMPLING_TOLERANCE, type Tally } from "./tally.js";

/** `json` is the text of `sampling.json`. */
export function checkSampling(options: {
  readonly json: string;
  readonly subject: Subject;
  readonly tally: Tally;
}) {
  const { subject, tally } = options;
  const card = SamplingCard.parse(JSON.parse(options.json));
  for (const golden of card.cases) {
    const probabilities = subject.samplingProbabilities({
      logits: Float32Array.from(golden.logits),
      temperature: golden.temperature,
      topP: golden.top_p,
      topK: golden.top_k,
      alphaPresence: golden.alpha_presence,
      alphaFrequency: golden.alpha_frequency,
      occurrence: numbered(golden.occurrence),
      tokenBan: Uint32Array.from(golden.token_ban),
      repetitionPenalty: golden.repetition_penalty,
      repetitionTokens: Uint32Array.from(golden.repetition_tokens),
    });
    const comparison = { name: golden.name, actual: probabilities, expected: golden.probs };
    tally.tensor({ ...comparison, tolerance: SAMPLING_TOLERANCE });
    // A filter that lets a token of tiny probability through would hide within the tolerance.
    tally.exact({
      name: `${golden.name} (tokens kept)`,
      actual: Array.from(probabilities, (p) => (p > 0 ? 1 : 0)),
      expected: golden.probs.map((p) => (p > 0 ? 1 : 0)),
    });
  }
  if (card.occurrence_trace) checkTrace({ trace: card.occurrence_trace, subject, tally });
}

function checkTrace(options: {
  readonly trace: NonNullable<SamplingCard["occurrence_trace"]>;
  readonly subject: Subject;
  readonly tally: Tally;
}) {
  const { trace, subject, tally } = options;
  const encoder = new TextEncoder();
  const counts = subject.occurrencesAfterEach({
    generated: Uint32Array.from(trace.generated),
    alphaDecay: trace.alpha_decay,
    tokenBytes: new Map(
      [...numbered(trace.token_strings)].map(([token, text]) => [token, encoder.encode(text)]),
    ),
  });
  trace.occurrence_after_each_token.forEach((golden, step) => {
    const expected = numbered(golden);
    const actual = counts[step] ?? new Map<number, number>();
    const name = `occurrences after token ${step + 1}`;
    const ascending = (a: number, b: number) => a - b;
    tally.equal({
      name: `${name} (tokens)`,
      actual: [...actual.keys()].sort(ascending),
      expected: [...expected.keys()].sort(ascending),
    });
    tally.tensor({
      name,
      actual: [...expected.keys()].map((token) => actual.get(token) ?? Number.NaN),
      expected: [...expected.values()],
      tolerance: SAMPLING_TOLERANCE,
    });
  });
}

/** JSON objects keyed by token. */
function numbered<T>(record: Readonly<Record<string, T>>): Map<number, T> {
  return new Map(Object.entries(record).map(([key, value]) => [Number(key), value]));
}
