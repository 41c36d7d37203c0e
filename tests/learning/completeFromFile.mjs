// One greedy completion in a process of its own, from the model's file and at most one adapter file: no journal, no
// catalog, no TypeScript. Reads one JSON request from the command line, prints one JSON answer.
import { createRequire } from "node:module";

const request = JSON.parse(process.argv[2]);
const native = createRequire(import.meta.url)(request.addon);
const engine = native.createEngine({ threads: 1 });
const { handle: model } = await native.loadModel(engine.handle, { path: request.model }).promise;
const adapter = request.adapter
  ? await native.loadAdapter(model, { path: request.adapter }).promise
  : undefined;
const prompt = Uint32Array.from(request.prompt);
const { state } = await native.read(model, {
  state: native.zeroState(model),
  tokens: prompt.slice(0, request.boundary),
}).promise;
const generation = await native.generate(model, {
  state,
  tokens: prompt.slice(request.boundary),
  adapter,
  tokensMax: request.tokensMax,
  stopTokens: Uint32Array.from(request.stopTokens),
  sampling: {
    temperature: 0,
    topP: 0,
    topK: 0,
    alphaPresence: 0,
    alphaFrequency: 0,
    alphaDecay: 1,
    repetitionPenalty: 1,
    tokenBan: new Uint32Array(),
    seed: 0,
  },
}).promise;
console.log(JSON.stringify({ tokens: [...generation.tokens], stoppedBy: generation.stoppedBy }));
native.closeEngine(engine.handle);
