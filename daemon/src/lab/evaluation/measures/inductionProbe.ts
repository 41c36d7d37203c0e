/** How often a model recalls a name from its State, by the number of tokens since it was mentioned. */

import { type OnProgress, startPhase } from "../../../base/progress.js";
import { complete } from "../../../completion/complete.js";
import type { Finished, Model, Tokenizer } from "../../../engine/engine.js";
import { GREEDY } from "../../../engine/greedy.js";
import { continuationPrompt } from "../../../prompt/completionPrompt.js";
import { encodeText } from "../../../prompt/encodeText.js";
import { runBatched } from "../batch.js";
import { randomFor } from "../draw.js";
import type { EvaluationProject } from "../projects.js";
import { meanOf } from "../scoreSums.js";
import {
  INDUCTION_KINDS,
  type InductionCase,
  type InductionKind,
  inductionCase,
  recalls,
} from "./induction.js";

interface InductionProbeOptions {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly projects: readonly EvaluationProject[];
  /** For each kind and distance. */
  readonly cases: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

interface InductionRow {
  readonly kind: InductionKind;
  readonly distance: number;
  /** The distance as measured: whole lines reach a distance only roughly. */
  readonly meanDistance: number;
  readonly cases: number;
  readonly recall: number;
}

export interface Induction {
  readonly rows: readonly InductionRow[];
}

export const DISTANCES = [50, 100, 200, 400] as const;
const PATH = "src/induction.ts";
/** A name of three syllables in single bytes, and the character after it. */
const TOKENS_MAX = 20;
/** So many lines of a file are looked at for one case; 400 tokens are some 40 lines. */
const FILLER_LINES = 160;
const FILLER_CHARACTERS_MAX = 120;

export async function probeInduction(options: InductionProbeOptions): Promise<Finished<Induction>> {
  const { tokenizer, cases, seed } = options;
  const fillers = fillerOf(options.projects);
  const total = INDUCTION_KINDS.length * DISTANCES.length * cases;
  const report = startPhase({ phase: "induction", total, onProgress: options.onProgress });
  const rows: InductionRow[] = [];
  let before = 0;
  for (const kind of INDUCTION_KINDS) {
    for (const distance of DISTANCES) {
      const items = Array.from({ length: cases }, (_, index): InductionCase => {
        const random = randomFor(seed, "induction", kind, String(distance), String(index));
        const lines = fillers[random.below(fillers.length)] ?? [];
        const filler = lines
          .slice(random.below(Math.max(1, lines.length - FILLER_LINES)))
          .slice(0, FILLER_LINES);
        return inductionCase({ kind, distance, filler, tokenizer, random });
      });
      const recalled = await runBatched({
        items,
        work: (each) => recall(options, each),
        onDone: (done) => report(before + done, `${kind}, ${distance} tokens back`),
      });
      if (!("length" in recalled)) return recalled;
      before += cases;
      rows.push({
        kind,
        distance,
        meanDistance: meanOf(items.map(({ distanceTokens }) => distanceTokens)) ?? 0,
        cases,
        recall: meanOf(recalled.map(({ isRecalled }) => (isRecalled ? 1 : 0))) ?? 0,
      });
    }
  }
  return { kind: "finished", rows };
}

/** The lines of each file of real code that is long enough: TypeScript, else whatever there is. */
function fillerOf(projects: readonly EvaluationProject[]): readonly (readonly string[])[] {
  const files = projects.flatMap((project) => project.files);
  const typescript = files.filter(({ language }) => language === "typescript");
  const lines = (typescript.length > 0 ? typescript : files).map(({ text }) =>
    text.split("\n").filter((line) => line.trim() !== "" && line.length <= FILLER_CHARACTERS_MAX),
  );
  const long = lines.filter(({ length }) => length >= FILLER_LINES);
  return long.length > 0 ? long : lines;
}

async function recall(
  { model, tokenizer, signal }: InductionProbeOptions,
  { prefix, expected }: InductionCase,
): Promise<Finished<{ readonly isRecalled: boolean }>> {
  const completion = await complete({
    model,
    tokenizer,
    adapterScope: "boundary",
    // The product would cut the text before the definition off.
    prompt: continuationPrompt({ tokenizer, path: PATH, before: encodeText(tokenizer, prefix) }),
    sampling: GREEDY,
    tokensMax: TOKENS_MAX,
    stop: "\n",
    signal,
  });
  if (completion.kind === "cancelled") return completion;
  return { kind: "finished", isRecalled: recalls(completion.text, expected) };
}
