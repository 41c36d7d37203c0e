/** What was found wrong on opening and has been dealt with: for a person to know, not an error. */

import { assertNever } from "../base/errors.js";
import type { Damage } from "../journal/segments.js";
import { type History, pendingCorrections } from "./history.js";

export type Notice =
  | { readonly kind: "journal"; readonly damage: Damage }
  /** The current adapter's file is lost or damaged; an earlier one is in use until it has been made again. */
  | {
      readonly kind: "adapter";
      readonly version: number;
      readonly used: number;
      readonly corrections: readonly string[];
    }
  /** Adapters hold corrections that the journal does not have. */
  | { readonly kind: "unexplained"; readonly versions: readonly number[] }
  /** Corrections that were kept but not learned yet. */
  | { readonly kind: "pending"; readonly corrections: readonly string[] };

/** `current`: the adapter in use, and how many corrections of the lineage it holds. */
export function noticesOf(found: {
  readonly damage: readonly Damage[];
  readonly history: History;
  readonly current: { readonly version: number; readonly index: number };
  readonly unexplained: readonly number[];
}): readonly Notice[] {
  const { damage, history, current, unexplained } = found;
  const notices: Notice[] = damage.map((each) => ({ kind: "journal", damage: each }));
  if (unexplained.length > 0) notices.push({ kind: "unexplained", versions: unexplained });
  if (current.version !== history.version) {
    const corrections = history.lineage.slice(current.index).map((applied) => applied.correctionId);
    notices.push({ kind: "adapter", version: history.version, used: current.version, corrections });
  }
  return [...notices, ...pendingNotice(history)];
}

/** Of what was found on opening, what is still so: adapters are rebuilt, and corrections are learned. */
export function noticesNow(found: readonly Notice[], history: History, version: number): readonly Notice[] {
  const isLasting = (notice: Notice) =>
    notice.kind === "journal" ||
    notice.kind === "unexplained" ||
    (notice.kind === "adapter" && notice.version === history.version && notice.used === version);
  return [...found.filter(isLasting), ...pendingNotice(history)];
}

function pendingNotice(history: History): readonly Notice[] {
  const corrections = pendingCorrections(history).map((correction) => correction.id);
  return corrections.length > 0 ? [{ kind: "pending", corrections }] : [];
}

/** One sentence. */
export function describeNotice(notice: Notice): string {
  switch (notice.kind) {
    case "journal":
      return describeDamage(notice.damage);
    case "adapter": {
      const without = `${notice.corrections.length} ${plural(notice.corrections, "correction")}`;
      const used = notice.used === 0 ? "the model without an adapter" : `version ${notice.used}`;
      return `adapter version ${notice.version} is missing or damaged: ${used} is used, without ${without}, until it has been made again from the journal`;
    }
    case "unexplained":
      return `the journal does not have what adapter ${plural(notice.versions, "version")} ${notice.versions.join(", ")} learned: it was emptied or replaced; the model answers without it, the files are kept, and putting the journal back brings it back`;
    case "pending":
      return `${notice.corrections.length} ${plural(notice.corrections, "correction")} kept but not learned yet: ${notice.corrections.join(", ")}`;
    default:
      return assertNever(notice);
  }
}

function describeDamage({ kind, file, line, bytes }: Damage): string {
  switch (kind) {
    case "torn":
      return `${file} ended in half a record (${bytes} bytes), which was never acknowledged; it is left out`;
    case "corrupt":
      return `${file} line ${line} is damaged and left out; all other records are read`;
    case "too-long":
      return `${file} line ${line} is too long (${bytes} bytes) and left out; all other records are read`;
    case "missing":
      return `${file} is missing; what it held is not known`;
    default:
      return assertNever(kind);
  }
}

function plural(items: readonly unknown[], noun: string): string {
  return items.length === 1 ? noun : `${noun}s`;
}
