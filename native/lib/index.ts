/** What the other packages see of the engine. Internals and the inspect facade are not among it. */

export { createEngine } from "./engine.js";
export { EngineError } from "./errors.js";
export * from "./files.js";
export * from "./modelFiles.js";
export { loadTokenizer } from "./tokenizer.js";
export * from "./types.js";
