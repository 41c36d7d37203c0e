/** Group c: losses, and gradients of every parameter and of the initial State; masks, L2Wrap, batches; state tuning. */

import type {
  AdamWOptions,
  Inspect,
  InspectedGradients,
  InspectSequence,
  StateArrays,
} from "@ouroboros/native/inspect";
import type { CurveCard } from "./goldenCard.js";
import type { GoldenFile } from "./goldenFile.js";
import { type GoldenModel, type ModelGroup, sequencesOf, stateParts } from "./goldenModel.js";
import { CURVE_TOLERANCE, GRADIENT_TOLERANCE, LOSS_TOLERANCE, type Tally } from "./tally.js";

export const trainingGroup: ModelGroup = {
  isPresent: async (model) => (await model.golden("train")) !== undefined,
  async check(model, tally) {
    const file = await model.golden("train");
    if (!file) return;
    const inspect = model.open("fp32");
    const { train } = model.card;
    const sequences = sequencesOf(file, "ce.");

    const plain = inspect.gradients({ sequences });
    checkLoss(tally, { name: "ce loss", actual: plain.loss, expected: train?.ce?.loss });
    checkGradients(tally, { file, prefix: "ce.grad.", actual: plain });
    checkNorm(tally, { plain, expected: train?.ce?.grad_global_norm });

    const wrapped = inspect.gradients({ sequences, l2wrap: true });
    checkLoss(tally, { name: "l2wrap loss", actual: wrapped.loss, expected: train?.l2wrap?.loss });
    checkGradients(tally, { file, prefix: "l2wrap.grad.", actual: wrapped });

    checkInitialState(model, { inspect, file, sequences, tally });
    // Without a given State the gradients of the State are those at zero.
    checkGradients(tally, { file, prefix: "state_zero.grad.", actual: plain });

    if (!file.find("batch.tokens")) return;
    const batch = inspect.gradients({ sequences: sequencesOf(file, "batch.") });
    checkLoss(tally, { name: "batch loss", actual: batch.loss, expected: train?.batch?.loss });
    checkGradients(tally, { file, prefix: "batch.grad.", actual: batch });
  },
};

/** Every golden gradient under `prefix`: `wkv`, `att_shift`, `ffn_shift` are the first sequence's State. */
export function checkGradients(
  tally: Tally,
  options: { readonly file: GoldenFile; readonly prefix: string; readonly actual: InspectedGradients },
) {
  const { file, prefix, actual } = options;
  const initial = actual.stateGradients[0];
  const ofState = new Map(initial ? stateParts(initial) : []);
  for (const [name, expected] of file.under(prefix))
    tally.gradient({
      name: `${prefix}${name}`,
      actual: ofState.get(name) ?? actual.gradients[name],
      expected: expected.data,
    });
}

export function checkLoss(
  tally: Tally,
  options: { readonly name: string; readonly actual: number; readonly expected: number | undefined },
) {
  const { name, actual, expected } = options;
  if (expected !== undefined) tally.number({ name, actual, expected, tolerance: LOSS_TOLERANCE });
}

function checkNorm(
  tally: Tally,
  options: { readonly plain: InspectedGradients; readonly expected: number | undefined },
) {
  if (options.expected === undefined) return;
  let squares = 0;
  for (const gradient of Object.values(options.plain.gradients))
    for (const value of gradient) squares += value * value;
  tally.tensor({
    name: "ce gradient norm",
    actual: [Math.sqrt(squares)],
    expected: [options.expected],
    tolerance: GRADIENT_TOLERANCE,
  });
}

interface StateCheck {
  readonly inspect: Inspect;
  readonly file: GoldenFile;
  readonly sequences: readonly InspectSequence[];
  readonly tally: Tally;
}

/** The initial wkv is given, the shifts are zero. */
function checkInitialState(model: GoldenModel, { inspect, file, sequences, tally }: StateCheck) {
  const given = file.find("state.init.wkv");
  if (!given) return;
  const shifts = inspect.info.layers * inspect.info.width;
  const state = {
    attShift: new Float32Array(shifts),
    ffnShift: new Float32Array(shifts),
    wkv: Float32Array.from(given.data),
  };
  const card = model.card.train?.state;
  const actual = inspect.gradients({ sequences: withState(sequences, state) });
  checkLoss(tally, { name: "state loss", actual: actual.loss, expected: card?.loss });
  checkGradients(tally, { file, prefix: "state.grad.", actual });
  if (card?.adam_state_only)
    checkStateTuning(model, { inspect, sequences, tally, state, card: card.adam_state_only });
}

/** AdamW on the initial wkv alone, the model frozen. */
function checkStateTuning(
  model: GoldenModel,
  options: Omit<StateCheck, "file"> & { readonly state: StateArrays; readonly card: CurveCard },
) {
  const { inspect, card, tally } = options;
  let state = options.state;
  let moments: Pick<AdamWOptions, "m" | "v"> = {
    m: new Float32Array(state.wkv.length),
    v: new Float32Array(state.wkv.length),
  };
  card.losses_before_step_1_to_5_and_after_5.forEach((expected, step) => {
    const { loss, stateGradients } = inspect.gradients({ sequences: withState(options.sequences, state) });
    tally.number({ name: `state tuning loss ${step}`, actual: loss, expected, tolerance: CURVE_TOLERANCE });
    const { parameter, m, v } = model.subject.inspector.adamw({
      parameter: state.wkv,
      gradient: stateGradients[0]?.wkv ?? new Float32Array(),
      ...moments,
      step: step + 1,
      learningRate: card.lr,
      weightDecay: card.weight_decay,
      beta1: card.betas[0],
      beta2: card.betas[1],
      epsilon: card.eps,
    });
    state = { ...state, wkv: parameter };
    moments = { m, v };
  });
}

function withState(sequences: readonly InspectSequence[], state: StateArrays): InspectSequence[] {
  return sequences.map((sequence) => ({ ...sequence, state }));
}
