/** Group e: whole training curves with AdamW, and the update rule alone, entry by entry. */

import type { AdamWOptions, InspectSequence, TrainCurveOptions } from "@ouroboros/native/inspect";
import { type AdamWCurveCard, type CurveCard, StandaloneCard } from "./goldenCard.js";
import type { GoldenFile } from "./goldenFile.js";
import { type GoldenModel, type ModelGroup, sequencesOf } from "./goldenModel.js";
import type { Subject } from "./subject.js";
import {
  ADAMW_TOLERANCE,
  CURVE_TOLERANCE,
  GRADIENT_TOLERANCE,
  largestMagnitude,
  type Tally,
} from "./tally.js";

/**
 * With epsilon 1e-18 the first step is the learning rate times the gradient's sign, and a float32 engine may get the
 * sign of a gradient this small, relative to the tensor's largest, wrong. Exact zeros are compared.
 */
const SIGN_IS_SURE_ABOVE = 1e-6;

type OptimizerOptions = TrainCurveOptions["optimizer"];

export function optimizerOf(card: CurveCard): Omit<OptimizerOptions, "clip" | "groups"> {
  const [beta1, beta2] = card.betas;
  return { beta1, beta2, epsilon: card.eps, weightDecay: card.weight_decay };
}

export const adamwGroup: ModelGroup = {
  isPresent: async (model) => model.card.adamw !== undefined && (await model.golden("train")) !== undefined,
  async check(model, tally) {
    const train = await model.golden("train");
    if (!train) return;
    const sequences = sequencesOf(train, "ce.");
    const { uniform, official_groups: official } = model.card.adamw ?? {};
    if (uniform) checkCurve(model, { name: "uniform", groups: "uniform", card: uniform, sequences, tally });
    if (official)
      checkCurve(model, { name: "official groups", groups: "official", card: official, sequences, tally });
    const file = await model.golden("adamw");
    if (uniform && file) checkFirstStep(model, { card: uniform, sequences, tally, train, file });
  },
};

interface CurveCheck {
  readonly card: AdamWCurveCard;
  readonly sequences: readonly InspectSequence[];
  readonly tally: Tally;
}

function train(
  model: GoldenModel,
  {
    card,
    sequences,
    groups,
    steps,
  }: Omit<CurveCheck, "tally"> & Pick<OptimizerOptions, "groups"> & { steps: number },
) {
  return model.open("fp32").trainCurve({
    sequences,
    steps,
    learningRate: card.lr,
    optimizer: { ...optimizerOf(card), clip: card.grad_clip ?? 0, groups },
    l2wrap: card.l2wrap ?? false,
  });
}

function checkCurve(
  model: GoldenModel,
  options: CurveCheck & Pick<OptimizerOptions, "groups"> & { readonly name: string },
) {
  const { name, card, tally } = options;
  const expected = card.losses_before_step_1_to_5_and_after_5;
  const { losses, gradientNorms } = train(model, { ...options, steps: expected.length - 1 });
  expected.forEach((loss, step) => {
    tally.number({
      name: `${name} loss ${step}`,
      actual: losses[step],
      expected: loss,
      tolerance: CURVE_TOLERANCE,
    });
  });
  card.grad_norms_pre_clip?.forEach((norm, step) => {
    const actual = gradientNorms[step];
    tally.tensor({
      name: `${name} gradient norm ${step + 1}`,
      actual: actual === undefined ? undefined : [actual],
      expected: [norm],
      tolerance: GRADIENT_TOLERANCE,
    });
  });
}

/** Every parameter after one uniform step, where the golden gradient leaves no doubt about its sign. */
function checkFirstStep(
  model: GoldenModel,
  options: CurveCheck & { readonly train: GoldenFile; readonly file: GoldenFile },
) {
  const { parameters } = train(model, { ...options, groups: "uniform", steps: 1 });
  const untrained = model.subject.readTensors(model.basePath());
  const prefix = "uniform.step1.";
  for (const [name, expected] of options.file.under(prefix)) {
    const gradient = options.train.find(`ce.grad.${name}`)?.data;
    if (!gradient) {
      options.tally.fail({
        name: `${prefix}${name}`,
        reason: "has no golden gradient to tell its sure entries by",
      });
      continue;
    }
    const largest = largestMagnitude(gradient);
    // What does not influence the loss is not trained, and may be left out of a curve: then it is as it was.
    const actual = parameters[name] ?? (largest === 0 ? untrained.get(name)?.data : undefined);
    const isSure = (_: number, i: number) => {
      const size = Math.abs(gradient[i] ?? Number.NaN);
      return size === 0 || size > SIGN_IS_SURE_ABOVE * largest;
    };
    options.tally.tensor({
      name: `${prefix}${name}`,
      actual: actual?.length === expected.data.length ? Array.from(actual).filter(isSure) : actual,
      expected: expected.data.filter(isSure),
      tolerance: ADAMW_TOLERANCE,
    });
  }
}

type Moments = Pick<AdamWOptions, "m" | "v">;

/** `adamw_standalone.safetensors`: gradients are given, so every entry of every step must agree. */
export function checkStandalone(options: {
  readonly file: GoldenFile;
  readonly subject: Subject;
  readonly tally: Tally;
}) {
  const { file, subject, tally } = options;
  const hyper = StandaloneCard.parse(JSON.parse(file.metadata.hyper ?? "{}"));
  const narrow = (name: string) => Float32Array.from(file.get(name).data);
  for (const [name, [learningRate, weightDecay]] of Object.entries(hyper.lr_wd)) {
    let parameter: Float32Array = narrow(`step0.p.${name}`);
    let moments: Moments = { m: new Float32Array(parameter.length), v: new Float32Array(parameter.length) };
    for (let step = 1; step <= hyper.steps; step++) {
      const updated = subject.inspector.adamw({
        parameter,
        gradient: narrow(`step${step}.g.${name}`),
        ...moments,
        step,
        learningRate,
        weightDecay,
        beta1: hyper.betas[0],
        beta2: hyper.betas[1],
        epsilon: hyper.eps,
      });
      for (const [letter, actual] of [
        ["p", updated.parameter],
        ["m", updated.m],
        ["v", updated.v],
      ] as const) {
        const golden = `step${step}.${letter}.${name}`;
        const comparison = {
          name: golden,
          actual,
          expected: file.get(golden).data,
          tolerance: ADAMW_TOLERANCE,
        };
        // Moments may all be tiny: they are held to the tolerance relative to their own size.
        if (letter === "p") tally.tensor(comparison);
        else tally.relative(comparison);
      }
      parameter = updated.parameter;
      moments = { m: updated.m, v: updated.v };
    }
  }
}
