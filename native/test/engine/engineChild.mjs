// A process of its own with the addon in it, for what may take a process down: `node engineChild.mjs SCENARIO MODEL [ROUNDS]`.
// It talks to the addon directly, since a plain Node cannot load the TypeScript around it. Prints one line of JSON.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const require = createRequire(import.meta.url);
const build = process.env.OUROBOROS_BUILD || "build";
const addon = require(join(import.meta.dirname, "..", "..", build, "Release", "ouroboros.node"));

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
const OPTIMIZER = { beta1: 0.9, beta2: 0.99, epsilon: 1e-18, weightDecay: 0, clip: 0, groups: "uniform" };
const FOREVER = 1e9;

async function open(path) {
  const engine = addon.createEngine({ threads: 2 }).handle;
  const model = (await addon.loadModel(engine, { path }).promise).handle;
  return { engine, model };
}

function generation(model, options = {}) {
  const request = {
    tokens: Uint32Array.of(1),
    stopTokens: new Uint32Array(),
    sampling: SAMPLING,
    tokensMax: 8,
  };
  return addon.generate(model, { state: addon.zeroState(model), ...request, ...options });
}

function trainerOf(model, parameters = { kind: "whole" }) {
  return addon.createTrainer(model, { parameters, seed: 1, optimizer: OPTIMIZER });
}

function step(trainer, length) {
  const sequence = { tokens: new Uint32Array(length + 1), weights: new Float32Array(length).fill(1) };
  return addon.trainerStep(trainer, { sequences: [sequence, sequence], learningRate: 1e-4 });
}

/** Both threads at work, and work waiting behind it. */
function keepBusy(model, onToken = () => {}) {
  generation(model, { tokensMax: FOREVER, onToken });
  generation(model, { tokensMax: FOREVER, onToken });
  const trainer = trainerOf(model);
  for (let i = 0; i < 500; i += 1) step(trainer, 256);
}

async function written(model) {
  return [...(await generation(model).promise).tokens];
}

/** Kibibytes. */
function residentMemory() {
  return process.memoryUsage.rss() / 1024;
}

/** What a process may run out of; Linux tells more than its memory. */
function resources() {
  const memory = residentMemory();
  if (process.platform !== "linux") return { memory };
  const count = (folder) => readdirSync(folder).length;
  const mappings = readFileSync("/proc/self/maps", "utf8").split("\n");
  return {
    memory,
    threads: count("/proc/self/task"),
    files: count("/proc/self/fd"),
    models: mappings.filter((line) => line.endsWith(".safetensors")).length,
  };
}

/** Finalizers of handles run in turns of the event loop after the collection. */
async function collect() {
  globalThis.gc();
  await nextTurn();
  await nextTurn();
}

/** One of each thing that an engine makes, and one of each thing that it does. */
async function wholeLife(path) {
  const { engine, model } = await open(path);
  const state = addon.stateFromBytes(model, addon.stateToBytes(model, { state: addon.zeroState(model) }));
  const tokens = Uint32Array.from({ length: 40 }, (_, i) => i);
  const { logits } = await addon.reference(model, { state, tokens: tokens.subarray(0, 39) }).promise;
  const trainer = trainerOf(model);
  const sequence = { tokens, weights: new Float32Array(39).fill(1) };
  const klWeights = new Float32Array(39).fill(1);
  const held = { ...sequence, state, reference: logits, klWeights };
  await addon.trainerStep(trainer, { sequences: [held, sequence], learningRate: 1e-4 }).promise;
  const lora = trainerOf(model, { kind: "lora", rank: 4, alpha: 4, targets: ["att.key", "ffn.value"] });
  await addon.trainerStep(lora, { sequences: [sequence], learningRate: 1e-4 }).promise;
  const adapter = await addon.trainerPublish(lora, {}).promise;
  const read = await addon.read(model, { state, tokens, adapter }).promise;
  await addon.score(model, { state, tokens, adapter }).promise;
  await generation(model, { state: read.state, adapter }).promise;
  const cancelled = generation(model, { tokensMax: FOREVER });
  const interrupted = step(trainer, 256);
  cancelled.cancel();
  await cancelled.promise;
  addon.closeEngine(engine);
  await interrupted.promise;
}

const scenarios = {
  /** The last job done, nothing holds the process. */
  async endsByItself(path) {
    const { model } = await open(path);
    await step(trainerOf(model), 16).promise;
    return { tokens: await written(model) };
  },

  async exitsWhileBusy(path) {
    const { model } = await open(path);
    const tokens = await written(model);
    await new Promise((told) => keepBusy(model, told));
    process.stdout.write(JSON.stringify({ tokens }));
    process.exit(0);
  },

  /** A worker ends, gracefully or not, in the midst of its engine's work; the main thread's engine does not notice. */
  async losesWorkers(path) {
    const { model } = await open(path);
    const results = [];
    for (const [round, ending] of [
      "terminate",
      "exit",
      "return",
      "terminate",
      "terminate",
      "exit",
    ].entries()) {
      const work = round % 2 === 0 ? "runs" : "loads";
      const worker = new Worker(import.meta.filename, { workerData: { path, ending, work } });
      const busy = new Promise((resolve) => worker.once("message", resolve));
      const gone = new Promise((resolve) => worker.once("exit", resolve));
      results.push(await busy);
      if (ending === "terminate") await worker.terminate();
      await gone;
    }
    const own = await written(model);
    return { agree: results.every((tokens) => String(tokens) === String(own)) };
  },

  /** Dropped handles must not gather, though each looks like a few bytes from JavaScript. */
  async dropsStates(path) {
    const { model } = await open(path);
    const bytes = addon.stateToBytes(model, { state: addon.zeroState(model) }).length;
    const before = residentMemory();
    let most = 0;
    const rounds = 2000;
    for (let i = 0; i < rounds; i += 1) {
      await addon.read(model, { state: addon.zeroState(model), tokens: new Uint32Array() }).promise;
      most = Math.max(most, residentMemory() - before);
    }
    return { made: (2 * rounds * bytes) / 1024, most };
  },

  /** Memory in KiB beyond what the process had with its model loaded; all handles are kept, nothing is collected. */
  async givesBack(path) {
    const empty = residentMemory();
    const { engine, model } = await open(path);
    const loaded = residentMemory();
    const trainer = trainerOf(model);
    await step(trainer, 256).promise;
    const training = residentMemory();
    await addon.closeTrainer(trainer).promise;
    const trained = residentMemory();
    addon.closeEngine(engine);
    const closed = residentMemory();
    return {
      loaded: loaded - empty,
      training: training - loaded,
      trained: trained - loaded,
      closed: closed - empty,
    };
  },

  /** Everything an engine makes, over and over. Needs --expose-gc. */
  async livesManyTimes(path, rounds) {
    let before;
    for (let round = 0; round < rounds; round += 1) {
      await wholeLife(path);
      await collect();
      if (round === Math.floor(rounds / 4)) before = resources();
    }
    const after = resources();
    return Object.fromEntries(Object.entries(after).map(([name, amount]) => [name, amount - before[name]]));
  },

  /** Jobs whose engine, model, State and trainer nobody holds any more. Needs --expose-gc. */
  async collectsAtWork(path) {
    const start = async () => {
      const { engine, model } = await open(path);
      const state = addon.zeroState(model);
      const trainer = trainerOf(model);
      const tokens = new Uint32Array(3000);
      return [
        generation(model).promise,
        addon.read(model, { state, tokens }).promise,
        addon.score(model, { state, tokens }).promise,
        addon.reference(model, { state, tokens: tokens.subarray(0, 300) }).promise,
        step(trainer, 300).promise,
        addon.trainerPublish(trainer, {}).promise,
        addon.loadModel(engine, { path }).promise,
      ];
    };
    const jobs = await start();
    let waiting = true;
    const all = Promise.all(jobs).finally(() => {
      waiting = false;
    });
    let collections = 0;
    for (; waiting; collections += 1) await collect();
    const [written] = await all;
    return { tokens: [...written.tokens], collections, settled: jobs.length };
  },

  /** The files of a model are still being read when the process ends. */
  async exitsWhileLoading(path) {
    const { engine, model } = await open(path);
    const tokens = await written(model);
    for (let i = 0; i < 20; i += 1) addon.loadModel(engine, { path });
    process.stdout.write(JSON.stringify({ tokens }));
    await new Promise(() => setTimeout(() => process.exit(0), 3));
  },

  /** Every export, called with everything but what it wants: an error each, no crash. */
  async misusesEverything(path) {
    const { engine, model } = await open(path);
    const state = addon.zeroState(model);
    const trainer = trainerOf(model);
    const handles = [engine, model, state, trainer];
    const names = Object.keys(addon).filter((name) => ENGINE_EXPORTS.test(name));
    let [errors, calls] = [0, 0];
    const attempt = async (name, ...args) => {
      calls += 1;
      try {
        const result = addon[name](...args);
        await result?.promise;
      } catch (error) {
        errors += error instanceof Error ? 1 : 0;
      }
    };
    const junk = [undefined, null, 1, "text", true, {}, [], Symbol("x"), () => {}, 10n, new Uint8Array(4)];
    for (const name of names) {
      for (const first of [...junk, ...handles]) {
        if (name === "closeEngine" && first === engine) continue;
        await attempt(name);
        await attempt(name, first);
        for (const second of [...junk, ...handles]) await attempt(name, first, second);
        for (const field of [
          "state",
          "tokens",
          "path",
          "sequences",
          "adapter",
          "parameters",
          "sampling",
          "shape",
        ]) {
          for (const value of [...junk, ...handles]) {
            await attempt(name, first, {
              path: `${path}.junk`,
              tokens: Uint32Array.of(1),
              state,
              ...{ [field]: value },
            });
          }
        }
      }
    }
    return { names: names.length, calls, errors, tokens: await written(model) };
  },
};
const ENGINE_EXPORTS =
  /^(createEngine|closeEngine|loadModel|initialModel|zeroState|state.*Bytes|read|score|reference|generate|loadAdapter|createTrainer|trainer.*|openInspect|inspect.*)$/;

async function workerMain({ path, ending, work }) {
  const { engine, model } = await open(path);
  const tokens = await written(model);
  await new Promise((told) => keepBusy(model, told));
  if (work === "loads") for (let i = 0; i < 50; i += 1) addon.loadModel(engine, { path });
  parentPort.postMessage(tokens);
  if (ending === "exit") process.exit(0);
  if (ending === "return") setTimeout(() => process.exit(0), 50);
}

if (isMainThread) {
  const [scenario, path, rounds] = process.argv.slice(2);
  console.log(JSON.stringify(await scenarios[scenario](path, Number(rounds))));
} else {
  await workerMain(workerData);
}
