/**
 * What serving a model in a smaller type of weights costs: bytes, the rounding of its matrices, and how far its
 * predictions of fixed tokens move. Compared with the training side's network, which is float32.
 */

import { setImmediate } from "node:timers/promises";
import { nativeInspector, type RoundingError } from "@ouroboros/native/inspect";
import type { Cancelled, Engine, Tokenizer, WeightType } from "../engine/engine.js";
import { compareRow } from "./compareModels.js";
import { FIXED_TEXTS } from "./fixedTexts.js";

export const MEASURED_TYPES = ["bf16", "q8", "q4"] as const satisfies readonly WeightType[];
type MeasuredType = (typeof MEASURED_TYPES)[number];

/** Tokens of each text at most; a vocabulary of bytes makes many of them. */
const SEQUENCE_TOKENS_MAX = 256;
/** Steps of `onProgress`: each type once, then each text in float32 and in each type. */
const STEPS = MEASURED_TYPES.length + FIXED_TEXTS.length * (1 + MEASURED_TYPES.length);

/** Relative error of the matrices of one kind, such as `att.key` or `head`. */
interface KindError {
  readonly kind: string;
  /** Its own type: the head of a q4 model is q8. */
  readonly weights: WeightType;
  readonly matrices: number;
  readonly bytes: number;
  /** |W - W'| / |W|, averaged over the layers. */
  readonly mean: number;
  readonly worst: number;
  readonly worstMatrix: string;
}

export interface TypeCost {
  readonly weights: MeasuredType;
  /** In memory, of what reading and writing use. */
  readonly bytes: number;
  readonly kinds: readonly KindError[];
  /** Mean over positions of KL(float32 ‖ type), in nats. */
  readonly divergence: number;
  readonly maxDivergence: number;
  /** Share of positions where both prefer the same token. */
  readonly sameBest: number;
}

export interface TypeCosts {
  readonly kind: "finished";
  readonly positions: number;
  readonly types: readonly TypeCost[];
}

export interface TypeCostOptions {
  readonly path: string;
  readonly tokenizer: Tokenizer;
  readonly engine: Pick<Engine, "loadModel">;
  readonly threads?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Throws EngineError as loading does. Takes some 10 bytes of memory per parameter. */
export async function measureTypes(options: TypeCostOptions): Promise<TypeCosts | Cancelled> {
  const { path, engine, tokenizer, threads, signal, onProgress } = options;
  const model = nativeInspector().openInspect({ path, ...(threads !== undefined && { threads }) });
  const { vocabularySize } = model.info;
  let done = 0;
  // Each call of the model blocks; a Ctrl-C gets in between two.
  const isStopped = async () => {
    onProgress(done, STEPS);
    done += 1;
    await setImmediate();
    return signal.aborted;
  };
  const measured: Measured[] = [];
  for (const weights of MEASURED_TYPES) {
    if (await isStopped()) return { kind: "cancelled" };
    const { bytes } = await engine.loadModel({ path, weights });
    const kinds = errorsByKind(model.roundingErrors({ weights }));
    measured.push({ weights, bytes, kinds, rows: [] });
  }
  for (const text of FIXED_TEXTS) {
    const tokens = tokenizer.encode(text).subarray(0, SEQUENCE_TOKENS_MAX);
    if (await isStopped()) return { kind: "cancelled" };
    const { logits: exact } = model.logits({ tokens, mode: "sequence" });
    for (const { weights, rows } of measured) {
      if (await isStopped()) return { kind: "cancelled" };
      const { logits } = model.logits({ tokens, mode: "sequence", weights });
      rows.push(...compareRows(exact, logits, vocabularySize));
    }
  }
  onProgress(STEPS, STEPS);
  return { kind: "finished", positions: measured[0]?.rows.length ?? 0, types: measured.map(costOf) };
}

type Row = ReturnType<typeof compareRow>;
type Measured = Pick<TypeCost, "weights" | "bytes" | "kinds"> & { readonly rows: Row[] };

function costOf({ rows, ...measured }: Measured): TypeCost {
  const sum = (value: (row: Row) => number) => rows.reduce((total, row) => total + value(row), 0);
  return {
    ...measured,
    divergence: sum(({ divergence }) => divergence) / rows.length,
    maxDivergence: rows.reduce((most, { divergence }) => Math.max(most, divergence), 0),
    sameBest: sum(({ isSameBest }) => (isSameBest ? 1 : 0)) / rows.length,
  };
}

function compareRows(exact: Float32Array, logits: Float32Array, width: number): Row[] {
  return Array.from({ length: exact.length / width }, (_, row) =>
    compareRow(
      exact.subarray(row * width, (row + 1) * width),
      logits.subarray(row * width, (row + 1) * width),
    ),
  );
}

/** In the order in which the kinds first occur. */
export function errorsByKind(errors: readonly RoundingError[]): readonly KindError[] {
  const kinds = new Map<string, RoundingError[]>();
  for (const error of errors) {
    const kind = error.name.replace(/^blocks\.\d+\./, "").replace(/\.weight$/, "");
    kinds.set(kind, [...(kinds.get(kind) ?? []), error]);
  }
  return [...kinds].map(([kind, matrices]) => {
    const worst = matrices.reduce((most, each) => (each.error > most.error ? each : most));
    return {
      kind,
      weights: worst.weights,
      matrices: matrices.length,
      bytes: matrices.reduce((total, { bytes }) => total + bytes, 0),
      mean: matrices.reduce((total, { error }) => total + error, 0) / matrices.length,
      worst: worst.error,
      worstMatrix: worst.name,
    };
  });
}
