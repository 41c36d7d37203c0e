// What a keystroke waits for while the engine does something else: `node native/bench/keystroke.mjs [MODEL] [ADDON]`.
// A completion of one token read and twelve written, over and over: on an idle engine, beside a trainer that steps
// without pause, beside a chat without end, beside a background read without end. Conditions alternate, so that what
// else the machine does meets all of them alike. It talks to the addon directly, since a plain Node runs no TypeScript.

import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const root = join(import.meta.dirname, "..", "..");
const [
  modelPath = join(root, "daemon", "model", "model.safetensors"),
  addonPath = join(root, "native", "build", "Release", "ouroboros.node"),
] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonPath);

const ROUNDS = 8;
const KEYSTROKES_PER_ROUND = 12;
/** Long enough that the other work is in full swing. */
const SETTLE_MS = 150;
const TOKENS_WRITTEN = 12;
const ENDLESS = 1e9;
const SAMPLING = {
  temperature: 0,
  topP: 1,
  topK: 0,
  alphaPresence: 0,
  alphaFrequency: 0,
  alphaDecay: 1,
  repetitionPenalty: 1,
  tokenBan: new Uint32Array(),
  seed: 0,
};
/** As the learner's steps: a correction, replay and anchors. */
const SEQUENCES = 4;
const SEQUENCE_TOKENS = 128;

const engine = addon.createEngine({}).handle;
const model = (await addon.loadModel(engine, { path: modelPath }).promise).handle;
const state = addon.zeroState(model);

function tokens(count) {
  return Uint32Array.from({ length: count }, (_, i) => 40 + ((i * 7919) % 3000));
}

function generate(tokensMax, priority) {
  const request = { tokens: tokens(1), stopTokens: new Uint32Array(), sampling: SAMPLING };
  return addon.generate(model, { ...request, state, tokensMax, priority });
}

function cancellable(job) {
  return async () => {
    job.cancel();
    await job.promise;
  };
}

function train() {
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clip: 1, groups: "uniform" };
  const trainer = addon.createTrainer(model, { parameters: { kind: "whole" }, seed: 1, optimizer });
  const sequences = Array.from({ length: SEQUENCES }, () => ({
    tokens: tokens(SEQUENCE_TOKENS + 1),
    weights: new Float32Array(SEQUENCE_TOKENS).fill(1),
  }));
  let goesOn = true;
  const over = (async () => {
    while (goesOn) await addon.trainerStep(trainer, { sequences, learningRate: 0 }).promise;
  })();
  return async () => {
    goesOn = false;
    await over;
  };
}

/** Each starts something and returns what ends it. */
const beside = {
  nothing: () => async () => {},
  training: train,
  "a chat": () => cancellable(generate(ENDLESS, "chat")),
  "a background read": () =>
    cancellable(addon.read(model, { state, tokens: tokens(3_000_000), priority: "background" })),
};

const times = Object.fromEntries(Object.keys(beside).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, start] of Object.entries(beside)) {
    const stop = start();
    await sleep(SETTLE_MS);
    for (let keystroke = 0; keystroke < KEYSTROKES_PER_ROUND; keystroke += 1) {
      const begin = performance.now();
      await generate(TOKENS_WRITTEN, "interactive").promise;
      times[name].push(performance.now() - begin);
      // Keystrokes come apart, and not in step with the other work.
      await sleep(20 + ((keystroke * 13) % 40));
    }
    await stop();
  }
}
addon.closeEngine(engine);

for (const [name, list] of Object.entries(times)) {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (share) => `${(sorted[Math.floor(share * sorted.length)] ?? Number.NaN).toFixed(1)} ms`;
  console.log(`beside ${name}: p50 ${at(0.5)}, p95 ${at(0.95)} of ${sorted.length}`);
}
