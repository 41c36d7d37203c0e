/** Group f: one long sequence in chunks, the State carried over and detached at their bounds. */

import { IGNORED_LABEL, type Inspect } from "@ouroboros/native/inspect";
import type { GoldenFile } from "./goldenFile.js";
import { type ModelGroup, pairSequences, stateParts, tokensOf } from "./goldenModel.js";
import { LOSS_TOLERANCE, type Tally, TENSOR_TOLERANCE } from "./tally.js";
import { checkGradients, checkLoss } from "./training.js";

export const infctxGroup: ModelGroup = {
  isPresent: async (model) => (await model.golden("infctx")) !== undefined,
  async check(model, tally) {
    const file = await model.golden("infctx");
    const { full_labels: full, masked } = model.card.infctx ?? {};
    const chunks = full?.per_chunk_sum_ce_and_count ?? masked?.per_chunk_sum_ce_and_count;
    if (!file || !chunks) throw new Error(`${model.name}.json does not give the chunks of infctx`);
    const tokens = tokensOf(file.get("tokens"));
    const chunk = Math.ceil(tokens.length / chunks.length);
    const inspect = model.open("fp32");
    const check: InfctxCheck = { inspect, file, tokens, chunk, tally };
    const { logits } = checkForward(check);
    if (full) {
      const { loss, per_chunk_sum_ce_and_count: sums } = full;
      checkLabels(check, { logits, prefix: "", loss, sums });
    }
    if (masked && file.find("masked.labels")) {
      const {
        loss_global_mean: loss,
        loss_peft_chunk_mean: chunkMean,
        per_chunk_sum_ce_and_count: sums,
      } = masked;
      checkLabels(check, { logits, prefix: "masked.", loss, sums, chunkMean });
    }
  },
};

interface InfctxCheck {
  readonly inspect: Inspect;
  readonly file: GoldenFile;
  readonly tokens: Uint32Array;
  /** Tokens between detached States. */
  readonly chunk: number;
  readonly tally: Tally;
}

/** Chunked, but not cut: the logits and the last State are those of one run. */
function checkForward({ inspect, file, tokens, chunk, tally }: InfctxCheck) {
  const { logits, state } = inspect.logits({ tokens, mode: "sequence", chunk });
  const tensor = (name: string, actual: Float32Array) =>
    tally.tensor({ name, actual, expected: file.get(name).data, tolerance: TENSOR_TOLERANCE });
  tensor("logits", logits);
  for (const [part, actual] of stateParts(state)) tensor(`final_state.${part}`, actual);
  return { logits };
}

interface LabelsCheck {
  readonly logits: Float32Array;
  readonly prefix: "" | "masked.";
  readonly loss: number;
  /** For each chunk: the sum of cross-entropies and the number of labels. */
  readonly sums: ModelCardChunks | undefined;
  /** The mean of the chunks' means. */
  readonly chunkMean?: number | undefined;
}
type ModelCardChunks = readonly (readonly [number, number])[];

function checkLabels(check: InfctxCheck, { logits, prefix, loss, sums, chunkMean }: LabelsCheck) {
  const { inspect, file, tokens, chunk, tally } = check;
  const sequences = pairSequences(file.get("tokens"), file.get(`${prefix}labels`));
  const actual = inspect.gradients({ sequences, detachEvery: chunk });
  checkLoss(tally, { name: `${prefix}loss`, actual: actual.loss, expected: loss });
  checkGradients(tally, { file, prefix: `${prefix}detached.grad.`, actual });

  const labels = file.get(`${prefix}labels`).data;
  const crossEntropies = crossEntropyOf(logits, labels);
  const means: number[] = [];
  sums?.forEach(([expected, count], index) => {
    const inChunk = crossEntropies
      .slice(index * chunk, (index + 1) * chunk)
      .filter((value) => value !== undefined);
    const sum = inChunk.reduce((total, value) => total + value, 0);
    means.push(sum / inChunk.length);
    tally.equal({ name: `${prefix}labels of chunk ${index}`, actual: inChunk.length, expected: count });
    // A sum over up to `chunk` positions: its tolerance is that of a mean, times the positions.
    const tolerance = LOSS_TOLERANCE * Math.max(1, count);
    tally.number({ name: `${prefix}cross-entropy of chunk ${index}`, actual: sum, expected, tolerance });
  });
  if (chunkMean !== undefined && means.length * chunk >= tokens.length)
    checkLoss(tally, {
      name: `${prefix}mean of chunk means`,
      actual: means.reduce((total, mean) => total + mean, 0) / means.length,
      expected: chunkMean,
    });
}

/** The cross-entropy at each position, in float64 from the engine's logits; undefined where the label is masked. */
function crossEntropyOf(logits: Float32Array, labels: Float64Array): (number | undefined)[] {
  const vocabulary = logits.length / labels.length;
  return Array.from(labels, (label, t) => {
    if (label === IGNORED_LABEL) return undefined;
    const row = logits.subarray(t * vocabulary, (t + 1) * vocabulary);
    const top = row.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY);
    let total = 0;
    for (const value of row) total += Math.exp(value - top);
    return top + Math.log(total) - (row[label] ?? Number.NaN);
  });
}
