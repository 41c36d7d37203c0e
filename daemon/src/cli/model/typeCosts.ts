/** `ouro model info --quant`: what each smaller type of weights costs, as tables. */

import type { LoadedModel } from "../../compose.js";
import { measureTypes, type TypeCost, type TypeCosts } from "../../models/measureTypes.js";
import { type Cli, InterruptedCommand } from "../cli.js";
import { formatBytes, formatTable } from "../format.js";
import { progressOf } from "./progress.js";

/** Throws InterruptedCommand. */
export async function requireTypeCosts(options: {
  readonly cli: Cli;
  readonly loaded: LoadedModel;
  readonly threads: number | undefined;
}): Promise<Omit<TypeCosts, "kind">> {
  const { cli, loaded, threads } = options;
  const { path, engine, tokenizer } = loaded;
  const onProgress = progressOf(cli, "measure");
  const costs = await measureTypes({ path, engine, tokenizer, threads, signal: cli.signal, onProgress });
  cli.showProgress(undefined);
  if (costs.kind === "cancelled") throw new InterruptedCommand("Stopped before every type was measured.");
  const { kind: _, ...measured } = costs;
  return measured;
}

export function describeTypeCosts({ positions, types }: Omit<TypeCosts, "kind">): string {
  const overview = formatTable([
    ["weights", "memory", `KL from f32 at ${positions} positions`, "same best token"],
    ...types.map(({ weights, bytes, divergence, maxDivergence, sameBest }) => [
      weights,
      formatBytes(bytes),
      `${divergence.toPrecision(3)} nats on average, ${maxDivergence.toPrecision(3)} at most`,
      `${(100 * sameBest).toFixed(1)} %`,
    ]),
  ]);
  return `${overview}\n${describeRounding(types)}`;
}

/** A row per kind of matrix: for each type the mean over layers, and the worst of them. */
function describeRounding(types: readonly TypeCost[]): string {
  const kinds = types[0]?.kinds ?? [];
  return formatTable([
    ["rounding error", ...types.map(({ weights }) => `${weights} mean, worst`)],
    ...kinds.map(({ kind }) => [
      kind,
      ...types.map((type) => {
        const error = type.kinds.find((each) => each.kind === kind);
        if (!error) return "";
        const own = error.weights === type.weights ? "" : ` (${error.weights})`;
        return `${percent(error.mean)}, ${percent(error.worst)}${own}`;
      }),
    ]),
  ]);
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}
