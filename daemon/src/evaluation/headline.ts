/** The few figures that a model is judged by, read off its measures: held-out TypeScript, cold, without project memory. */

import type { Bits, BitsRow } from "./bits.js";
import { meanOf } from "./tally.js";

export interface Headline {
  /** Bits per byte of TypeScript in the late part of windows: of honojs/hono, and the mean of all other projects. */
  readonly honoLateBits: number | undefined;
  readonly othersLateBits: number | undefined;
  readonly othersProjects: number;
  /** Mean over all TypeScript projects. */
  readonly top1: number | undefined;
  /** Bits per byte of the weights in use minus those of the compared ones; mean over all projects and languages. */
  readonly comparedDifference: number | undefined;
}

const HONO = "hono";

export function headlineOf({ rows }: Pick<Bits, "rows">): Headline {
  const typescript = rows.filter(({ language }) => language === "typescript");
  const late = (chosen: readonly BitsRow[]) => chosen.flatMap((row) => row.late?.bitsPerByte ?? []);
  const others = late(typescript.filter(({ project }) => project !== HONO));
  const differences = rows.flatMap(({ windows, comparedBitsPerByte: compared }) =>
    compared === undefined ? [] : [windows.bitsPerByte - compared],
  );
  return {
    honoLateBits: late(typescript.filter(({ project }) => project === HONO))[0],
    othersLateBits: meanOf(others),
    othersProjects: others.length,
    top1: meanOf(typescript.map(({ windows }) => windows.top1)),
    comparedDifference: meanOf(differences),
  };
}
