/** What the machine can do at most: multiply-adds in registers and reading memory, by operand and by place. */

import { multiplyAddPeak, narrowMultiplyAddPeak, readBandwidth } from "@ouroboros/native/kernels";
import type { Engine, WeightType } from "../../engine/engine.js";
import { type BenchRun, type Figure, type LimitProbe, type Measurement, summarize } from "./figures.js";

export type Machine = Pick<Engine, "threads" | "instructionSet" | "precision">;

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const ROUNDS = 5;

/** The speed of reading this many bytes, shared by the threads: what lies in a cache is read from there. */
export function readLimit({ threads, instructionSet }: Machine, bytes: number): LimitProbe {
  return {
    name: `reading ${bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${Math.round(bytes / 1e6)} MB`}`,
    unit: "GB/s",
    perSecond: () => readBandwidth({ threads, instructionSet, bytes }),
  };
}

function floatLimit({ threads, instructionSet }: Machine): LimitProbe {
  return {
    name: "multiply-adds, f32",
    unit: "GFLOP/s",
    perSecond: () => multiplyAddPeak({ threads, instructionSet }),
  };
}

/** Undefined where this processor has no such instruction. */
function narrowLimit(machine: Machine, operands: "bf16" | "int8"): LimitProbe | undefined {
  const { threads } = machine;
  if (narrowMultiplyAddPeak({ threads, operands }) === undefined) return undefined;
  return {
    name: `multiply-adds, ${operands}`,
    unit: operands === "bf16" ? "GFLOP/s" : "GOP/s",
    perSecond: () => narrowMultiplyAddPeak({ threads, operands }) ?? 0,
  };
}

/** q8 and q4 meet activations in int8, f32 and bf16 in float32. */
export function productLimit(machine: Machine, weights: WeightType): LimitProbe {
  const isInt8 = weights === "q8" || weights === "q4";
  return (isInt8 ? narrowLimit(machine, "int8") : undefined) ?? floatLimit(machine);
}

/** The limit of training's products: their operands are rounded to bf16, or not. */
export function trainLimit(machine: Machine): LimitProbe {
  return (machine.precision === "bf16" ? narrowLimit(machine, "bf16") : undefined) ?? floatLimit(machine);
}

export async function benchLimits(machine: Machine, run: BenchRun): Promise<Measurement<readonly Figure[]>> {
  const { threads } = machine;
  const probes = [
    { ...readLimit(machine, 512 * KIB * threads), name: "read L2, 512 KiB a thread" },
    { ...readLimit(machine, 8 * MIB), name: "read L3, 8 MiB" },
    { ...readLimit(machine, GIB), name: "read memory, 1 GiB" },
    floatLimit(machine),
    narrowLimit(machine, "bf16"),
    narrowLimit(machine, "int8"),
  ].filter((probe) => probe !== undefined);
  const measured = probes.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, probe] of probes.entries()) {
      run.onProgress(probe.name, round * probes.length + index, ROUNDS * probes.length);
      await new Promise((resolve) => setImmediate(resolve));
      if (run.signal.aborted) return undefined;
      measured[index]?.push(probe.perSecond() / 1e9);
    }
  }
  return probes.map(({ name, unit }, index) => {
    return { name, unit, rounds: ROUNDS, ...summarize(measured[index] ?? [], "most") };
  });
}
