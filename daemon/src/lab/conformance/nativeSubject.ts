/** The native engine as the subject of a conformance run. */

import { createSampler, isUncounted, nativeInspector } from "@ouroboros/native/inspect";
import { loadTokenizer, readTensors, type Tensor } from "../../engine/engine.js";
import { GREEDY } from "../../engine/greedy.js";
import type { OccurrenceTrace, SamplingCase, Subject } from "./subject.js";

/** Throws EngineError when the addon has not been built. */
export function nativeSubject(): Subject {
  return {
    inspector: nativeInspector(),
    readTensors: (path) =>
      new Map(
        readTensors(path).tensors.map((tensor) => [
          tensor.name,
          { shape: tensor.shape, data: widen(tensor) },
        ]),
      ),
    samplingProbabilities,
    occurrencesAfterEach,
    openTokenizer: loadTokenizer,
  };
}

function widen({ values }: Tensor): ArrayLike<number> {
  return values instanceof BigInt64Array ? Array.from(values, Number) : values;
}

function samplingProbabilities({ logits, occurrence, repetitionTokens, ...sampling }: SamplingCase) {
  const sampler = createSampler({
    sampling: { ...sampling, alphaDecay: 1, seed: 0 },
    vocabularySize: logits.length,
    past: { occurrences: occurrence, repeated: repetitionTokens },
  });
  return sampler.probabilities(logits);
}

/** Counting does not depend on any other option. */
function occurrencesAfterEach({ generated, alphaDecay, tokenBytes }: OccurrenceTrace) {
  const uncounted = [...tokenBytes].filter(([, bytes]) => isUncounted(bytes)).map(([token]) => token);
  const sampler = createSampler({
    sampling: { ...GREEDY, temperature: 1, topP: 1, alphaDecay },
    vocabularySize: Math.max(...tokenBytes.keys(), ...generated) + 1,
    uncounted: Uint32Array.from(uncounted),
  });
  return Array.from(generated, (token) => {
    sampler.count(token);
    return sampler.occurrences();
  });
}
