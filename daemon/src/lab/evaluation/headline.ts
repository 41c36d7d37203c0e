/** The few figures that a model is judged by, read off its measures: held-out TypeScript, cold, without project memory. */

import type { Measurements } from "./evaluate.js";
import type { BitsRow } from "./measures/bits.js";
import { meanOf } from "./scoreSums.js";

/** Undefined where what it comes from was not measured. */
interface Headline {
  /** Bits per byte of TypeScript in the late part of windows: of honojs/hono, and the mean of all other projects. */
  readonly honoLateBits: number | undefined;
  readonly othersLateBits: number | undefined;
  readonly othersProjects: number;
  /** Mean over all TypeScript projects. */
  readonly top1: number | undefined;
  /** Bits per byte of the weights in use minus those of the compared ones; mean over all projects and languages. */
  readonly comparedDifference: number | undefined;
  /** Next TypeScript lines that are exact, mean over projects: without and with the text below in the prompt. */
  readonly nextLineExact: number | undefined;
  readonly nextLineExactFill: number | undefined;
  /** Recall of half-typed names 200 tokens back. */
  readonly inductionRecall: number | undefined;
}

const HONO = "hono";
const LANGUAGE = "typescript";
const INDUCTION_DISTANCE = 200;

export function headlineOf({ bits, lines, induction }: Measurements): Headline {
  const rows = bits?.rows ?? [];
  const typescript = rows.filter(({ language }) => language === LANGUAGE);
  const late = (chosen: readonly BitsRow[]) => chosen.flatMap((row) => row.late?.bitsPerByte ?? []);
  const others = late(typescript.filter(({ project }) => project !== HONO));
  const differences = rows.flatMap(({ windows, comparedBitsPerByte: compared }) =>
    compared === undefined ? [] : [windows.bitsPerByte - compared],
  );
  const nextLine = lines?.languages.find(({ language }) => language === LANGUAGE);
  return {
    honoLateBits: late(typescript.filter(({ project }) => project === HONO))[0],
    othersLateBits: meanOf(others),
    othersProjects: others.length,
    top1: meanOf(typescript.map(({ windows }) => windows.top1)),
    comparedDifference: meanOf(differences),
    nextLineExact: nextLine?.continue.exact,
    nextLineExactFill: nextLine?.fill?.exact,
    inductionRecall: induction?.rows.find(
      ({ kind, distance }) => kind === "typed" && distance === INDUCTION_DISTANCE,
    )?.recall,
  };
}
