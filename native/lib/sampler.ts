/** The engine's sampler on its own, for conformance and tests: generation samples inside the engine. */

import { loadAddon } from "./addon.js";
import { EngineError } from "./errors.js";
import { guarded } from "./rethrow.js";
import type { Sampling } from "./types.js";

/** One Generation's sampler. Its tokens are a pure function of sampling, seed and logits. */
interface Sampler {
  /** Draws from `[V]` logits and counts the token drawn. */
  choose(logits: Float32Array): Choice;
  /** `[V]`: what `choose` would draw from. Changes nothing. */
  probabilities(logits: Float32Array): Float64Array;
  /** Counts a token that was written without being drawn. */
  count(token: number): void;
  /** Fading count of each token that was written; 0 is a count too. */
  occurrences(): ReadonlyMap<number, number>;
}
interface Choice {
  readonly token: number;
  /** Natural log, before any penalty or filter. */
  readonly logProbability: number;
}

export interface SamplerOptions {
  readonly sampling: Sampling;
  readonly vocabularySize: number;
  /** Tokens that never count as repeated (`isUncounted`); default: none. */
  readonly uncounted?: Uint32Array;
  /** What was written before: counts, and the tokens that pay the repetition penalty. Default: nothing. */
  readonly past?: {
    readonly occurrences: ReadonlyMap<number, number>;
    readonly repeated: Uint32Array;
  };
}

interface NativeSampler {
  choose(logits: Float32Array): Choice;
  probabilities(logits: Float32Array): Float64Array;
  count(token: number): void;
  occurrences(): readonly (readonly [number, number])[];
  restore(tokens: Uint32Array, counts: Float64Array, repeated: Uint32Array): void;
}
interface SamplerAddon {
  readonly Sampler: new (sampling: Sampling, vocabularySize: number, uncounted: Uint32Array) => NativeSampler;
  isUncounted(bytes: Uint8Array): boolean;
}

function isSamplerAddon(addon: unknown): addon is SamplerAddon {
  return typeof addon === "object" && addon !== null && "Sampler" in addon && "isUncounted" in addon;
}

function samplerAddon(): SamplerAddon {
  const addon = loadAddon();
  if (!isSamplerAddon(addon)) {
    throw new EngineError("internal", "the native engine lacks its sampler; run `npm run build`");
  }
  return addon;
}

/** Whether a token with these bytes never counts as repeated: white space and digits, which repeat in good text. */
export function isUncounted(bytes: Uint8Array): boolean {
  return samplerAddon().isUncounted(bytes);
}

/** Above every vocabulary that the engine reads. */
const VOCABULARY_SIZE_MAX = 2 ** 21;

/** Throws EngineError `argument` for options out of range; its methods do, and `numbers` for logits that are not finite. */
export function createSampler({ sampling, vocabularySize, uncounted, past }: SamplerOptions): Sampler {
  if (!Number.isSafeInteger(vocabularySize) || vocabularySize < 1 || vocabularySize > VOCABULARY_SIZE_MAX) {
    throw new TypeError("createSampler needs the number of tokens in the vocabulary.");
  }
  const native = guarded(
    () => new (samplerAddon().Sampler)(sampling, vocabularySize, uncounted ?? new Uint32Array()),
  );
  if (past) {
    const tokens = Uint32Array.from(past.occurrences.keys());
    const counts = Float64Array.from(past.occurrences.values());
    guarded(() => native.restore(tokens, counts, past.repeated));
  }
  return {
    choose: (logits) => guarded(() => native.choose(checked(logits))),
    probabilities: (logits) => guarded(() => native.probabilities(checked(logits))),
    count(token) {
      if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
        throw new TypeError("Sampler.count needs a token of the vocabulary.");
      }
      guarded(() => native.count(token));
    },
    occurrences: () => new Map(native.occurrences()),
  };
}

function checked(logits: Float32Array): Float32Array {
  if (!(logits instanceof Float32Array)) throw new TypeError("A Sampler needs its logits as a Float32Array.");
  return logits;
}
