/** What a conformance run says: the groups there are, one result per model and group, and its line of text. */

/** In the order of the golden set's README. `letter` is its name there. */
export const REQUIRED_GROUPS = [
  { id: "readers", letter: "-", title: "file readers" },
  { id: "tokenizer", letter: "-", title: "tokenizer" },
  { id: "forward", letter: "a", title: "forward" },
  { id: "served", letter: "a", title: "served weights" },
  { id: "dump", letter: "b", title: "intermediates" },
  { id: "training", letter: "c", title: "gradients" },
  { id: "lora", letter: "d", title: "LoRA" },
  { id: "adamw", letter: "e", title: "AdamW" },
  { id: "infctx", letter: "f", title: "truncated BPTT" },
  { id: "sampling", letter: "h", title: "sampling" },
] as const;
export type GroupId = (typeof REQUIRED_GROUPS)[number]["id"];

/** Parts of the golden set that the engine does not have yet: listed, never counted as passed. */
export const GROUPS_NOT_IMPLEMENTED = [
  { letter: "d", title: "PiSSA", tensorPrefix: "pissa." },
  { letter: "d", title: "Bone", tensorPrefix: "bone." },
  { letter: "d", title: "BAT", tensorPrefix: "bat." },
  { letter: "g", title: "preference and RL losses", tensorPrefix: undefined },
] as const;

export interface WorstComparison {
  readonly name: string;
  readonly error: number;
  readonly tolerance: number;
}

export interface Failure {
  /** The name of the tensor or number, with the way in which it was computed. */
  readonly name: string;
  readonly reason: string;
}

export type ConformanceResult =
  | {
      readonly kind: "checked";
      readonly group: GroupId;
      /** A model, or the file that holds the cases. */
      readonly model: string;
      readonly comparisons: number;
      /** The comparison that comes nearest to its tolerance, or exceeds it most. Absent without comparisons. */
      readonly worst?: WorstComparison;
      readonly failed: number;
      /** The first FAILURES_LISTED_MAX. */
      readonly failures: readonly Failure[];
      /** Golden tensors of this group's files that no comparison used. */
      readonly unused: readonly string[];
      readonly seconds: number;
    }
  | { readonly kind: "missing"; readonly group: GroupId }
  | { readonly kind: "not implemented"; readonly letter: string; readonly title: string };

export interface ConformanceReport {
  readonly folder: string;
  readonly passed: boolean;
  readonly comparisons: number;
  readonly failed: number;
  readonly results: readonly ConformanceResult[];
}

export function hasPassed(result: ConformanceResult): boolean {
  switch (result.kind) {
    case "checked":
      return result.comparisons > 0 && result.failed === 0;
    case "missing":
      return false;
    case "not implemented":
      return true;
  }
}

/** One line, without colour; failures follow on lines of their own. */
export function formatResult(result: ConformanceResult): string {
  switch (result.kind) {
    case "not implemented":
      return `  --  ${cells(result.letter, result.title, "")} not implemented`;
    case "missing":
      return `FAIL  ${groupCells(result.group, "")} no golden data for this group, which is required`;
    case "checked": {
      const head = `${hasPassed(result) ? "  ok" : "FAIL"}  ${groupCells(result.group, result.model)}`;
      return [`${head} ${formatNumbers(result)}`, ...formatNotes(result)].join("\n");
    }
  }
}

export function formatSummary(report: ConformanceReport): string {
  const missing = report.results.filter((result) => result.kind === "missing").length;
  const numbers = `${report.comparisons} comparisons, ${report.failed} failed`;
  return missing === 0 ? numbers : `${numbers}, ${missing} required groups missing`;
}

type Checked = Extract<ConformanceResult, { kind: "checked" }>;

function formatNumbers(result: Checked): string {
  const count = `${result.comparisons} comparisons`.padStart(17);
  const seconds = `${result.seconds.toFixed(1)} s`.padStart(7);
  if (!result.worst) return `${count} ${seconds}`;
  const { error, tolerance, name } = result.worst;
  const worst =
    tolerance === 0 && error === 0 ? "exact" : `worst ${error.toExponential(1)} of ${tolerance} in ${name}`;
  return `${count} ${seconds}  ${worst}`;
}

function formatNotes(result: Checked): string[] {
  const notes = result.failures.map(({ name, reason }) => `        ${name}: ${reason}`);
  const unlisted = result.failed - result.failures.length;
  if (unlisted > 0) notes.push(`        and ${unlisted} more`);
  if (result.comparisons === 0) notes.push("        nothing was compared");
  if (result.unused.length > 0)
    notes.push(
      `        not looked at: ${result.unused.slice(0, 3).join(", ")}${result.unused.length > 3 ? ` and ${result.unused.length - 3} more` : ""}`,
    );
  return notes;
}

function groupCells(id: GroupId, model: string): string {
  const group = REQUIRED_GROUPS.find((candidate) => candidate.id === id);
  return cells(group?.letter ?? "", group?.title ?? id, model);
}

function cells(letter: string, title: string, model: string): string {
  return `${letter.padEnd(1)}  ${title.padEnd(24)} ${model.padEnd(12)}`;
}
