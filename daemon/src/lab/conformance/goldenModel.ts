/** One model X of a golden folder: its card, its golden files and the engine's loaded copies, each opened once. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Inspect, InspectSequence, NamedTensors, StateArrays } from "@ouroboros/native/inspect";
import { ModelCard } from "./goldenCard.js";
import { type GoldenFile, type GoldenTensor, openGoldenFile, readFileIfPresent } from "./goldenFile.js";
import type { Subject } from "./subject.js";
import type { Tally } from "./tally.js";

export const GOLDEN_PARTS = ["forward", "dump", "train", "infctx", "adapters", "adamw"] as const;
export type GoldenPart = (typeof GOLDEN_PARTS)[number];

export interface GoldenModel {
  readonly name: string;
  readonly card: ModelCard;
  readonly subject: Subject;
  /** `X.forward.safetensors` and so on; undefined where it was left out. */
  golden(part: GoldenPart): Promise<GoldenFile | undefined>;
  /** The path of `models/<suffix>`, when the file is there. */
  weights(suffix: string): string | undefined;
  /** The float32 weights; throws when no file holds them. */
  basePath(): string;
  open(precision: "fp32" | "bf16"): Inspect;
}

/** One group of checks, for one model. */
export interface ModelGroup {
  /** Whether the folder holds golden data of this group for this model. */
  isPresent(model: GoldenModel): Promise<boolean>;
  check(model: GoldenModel, tally: Tally): Promise<void>;
}

export async function openGoldenModel(options: {
  readonly folder: string;
  readonly name: string;
  readonly subject: Subject;
}): Promise<GoldenModel> {
  const { folder, name, subject } = options;
  const text = await readFileIfPresent(join(folder, `${name}.json`));
  const card = text ? ModelCard.parse(JSON.parse(text.toString("utf8"))) : {};
  const goldens = new Map<GoldenPart, Promise<GoldenFile | undefined>>();
  const opened = new Map<string, Inspect>();

  const golden = (part: GoldenPart) => {
    const file = goldens.get(part) ?? openGoldenFile(join(folder, `${name}.${part}.safetensors`));
    goldens.set(part, file);
    return file;
  };
  const firstPresent = (candidates: readonly string[]) =>
    candidates.map((candidate) => join(folder, candidate)).find((path) => existsSync(path));
  const inModels = (suffixes: readonly string[]) => suffixes.map((suffix) => `models/${name}${suffix}`);
  const firstRequired = (candidates: readonly string[]) => {
    const path = firstPresent(candidates);
    if (!path) throw new Error(`none of ${candidates.join(", ")} is there`);
    return path;
  };
  const basePath = () =>
    firstRequired([...(card.weights ? [card.weights.fp32] : []), ...inModels([".safetensors", ".pth"])]);
  return {
    name,
    card,
    subject,
    golden,
    weights: (suffix) => firstPresent(inModels([suffix])),
    basePath,
    open(precision) {
      const path =
        precision === "fp32" ? basePath() : firstRequired(inModels([".bf16.safetensors", ".bf16.pth"]));
      const inspect = opened.get(path) ?? subject.inspector.openInspect({ path });
      opened.set(path, inspect);
      return inspect;
    },
  };
}

export function tokensOf(tensor: GoldenTensor): Uint32Array {
  return Uint32Array.from(tensor.data);
}

/** `<prefix>tokens` and `<prefix>labels`, [T] or [B,T], as a batch. */
export function sequencesOf(file: GoldenFile, prefix: string): InspectSequence[] {
  return pairSequences(file.get(`${prefix}tokens`), file.get(`${prefix}labels`));
}

export function pairSequences(tokens: GoldenTensor, labels: GoldenTensor): InspectSequence[] {
  const length = tokens.shape.at(-1) ?? 0;
  if (length === 0 || labels.data.length !== tokens.data.length)
    throw new Error("tokens and labels differ in length, or are empty");
  return Array.from({ length: tokens.data.length / length }, (_, b) => ({
    tokens: Uint32Array.from(tokens.data.subarray(b * length, (b + 1) * length)),
    labels: Int32Array.from(labels.data.subarray(b * length, (b + 1) * length)),
  }));
}

/** `<prefix>att_shift`, `ffn_shift` and `wkv`; undefined when there is no wkv. */
export function stateOf(file: GoldenFile, prefix: string): StateArrays | undefined {
  const wkv = file.find(`${prefix}wkv`);
  if (!wkv) return undefined;
  const part = (name: string) => Float32Array.from(file.get(`${prefix}${name}`).data);
  return { attShift: part("att_shift"), ffnShift: part("ffn_shift"), wkv: Float32Array.from(wkv.data) };
}

/** The parts of a State by their names in golden files. */
export function stateParts(state: StateArrays): readonly (readonly [string, Float32Array])[] {
  return [
    ["att_shift", state.attShift],
    ["ffn_shift", state.ffnShift],
    ["wkv", state.wkv],
  ];
}

export function namedTensors(tensors: ReadonlyMap<string, GoldenTensor>): NamedTensors {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
}
