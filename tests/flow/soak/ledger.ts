/**
 * What was asked during a soak and what came of it: every request must be answered within its bound, or refused as is
 * documented, unless whoever asked was cut itself. Keeps what was acknowledged, to be found again in the end.
 */

import { setTimeout as delay } from "node:timers/promises";
import { ResponseError } from "vscode-languageserver-protocol/node";
import { z } from "zod";
import { AppError } from "../../../daemon/src/base/errors.js";
import { DaemonRefusal } from "../../../daemon/src/transport/http/httpClient.js";

/**
 * A person would not wait so long; a machine that trains, loads models and runs other tests beside may. `undo` and `teach`
 * wait for training, of several lessons where an early one is taken back.
 */
export const ANSWER_MS_MAX = {
  connect: 60_000,
  completion: 20_000,
  accept: 20_000,
  chat: 60_000,
  correct: 20_000,
  undo: 240_000,
  learned: 20_000,
  state: 20_000,
  goodbye: 20_000,
  "http complete": 20_000,
  "http teach": 240_000,
  "http status": 20_000,
} as const;
type Kind = keyof typeof ANSWER_MS_MAX;

/** What a daemon may answer to a sound request, by what else has happened meanwhile. */
const NOT_REMEMBERED = ["completion-unknown"];
const NOTHING_NEW = ["correction-empty", "correction-unshown"];
const REFUSALS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  completion: ["cancelled"],
  correct: [...NOT_REMEMBERED, ...NOTHING_NEW],
  undo: ["nothing-to-undo", "correction-unknown", "correction-undone"],
  "http teach": NOTHING_NEW,
};
export const EXPECTED_CODES: ReadonlySet<string> = new Set(Object.values(REFUSALS).flat());

const FAULTS_KEPT_MAX = 50;

interface Asked {
  readonly kind: Kind;
  /** For people who look for the cause of a fault. */
  readonly who: string;
  /** Whether whoever asked, or the process that it asked, was ended by the soak itself. */
  readonly isExcused: () => boolean;
}

interface Counts {
  readonly answeredMs: number[];
  readonly refused: Map<string, number>;
  excused: number;
}

export class Ledger {
  readonly faults: string[] = [];
  /** Wanted texts by correction, by project's folder. */
  readonly acknowledged = new Map<string, Map<string, string>>();
  readonly undone = new Set<string>();
  readonly #counts = new Map<Kind, Counts>();
  readonly #startedMs = performance.now();

  /** Undefined: there is no answer, for a reason that is documented or is written down as a fault. Never throws. */
  async ask<Answer>(asked: Asked, ask: () => Promise<Answer>): Promise<Answer | undefined> {
    const { kind, who, isExcused } = asked;
    const counts = this.#countsOf(kind);
    const startedMs = performance.now();
    const boundMs = ANSWER_MS_MAX[kind];
    const settled = new AbortController();
    try {
      const answer = await Promise.race([ask(), lateAfter(boundMs, settled.signal)]);
      counts.answeredMs.push(performance.now() - startedMs);
      return answer;
    } catch (error) {
      const code = refusalCode(error);
      if (isExcused()) counts.excused += 1;
      else if (code !== undefined && REFUSALS[kind]?.includes(code))
        counts.refused.set(code, (counts.refused.get(code) ?? 0) + 1);
      else this.fault(`${who}: ${kind}: ${code ?? ""} ${error}`);
      return undefined;
    } finally {
      settled.abort();
    }
  }

  fault(what: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    if (this.faults.length < FAULTS_KEPT_MAX) this.faults.push(`at ${seconds} s: ${what}`);
  }

  acknowledge(folder: string, correctionId: string, wanted: string): void {
    const known = this.acknowledged.get(folder) ?? new Map<string, string>();
    this.acknowledged.set(folder, known.set(correctionId, wanted));
  }

  get acknowledgedCount(): number {
    return [...this.acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
  }

  table(): readonly string[] {
    const rows = [...this.#counts].map(([kind, { answeredMs, refused, excused }]) => {
      const sorted = answeredMs.toSorted((a, b) => a - b);
      const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
      const times = [at(0.5), at(0.95), at(1), ANSWER_MS_MAX[kind]].map((ms) => String(ms).padStart(8));
      const refusals = [...refused].map(([code, count]) => `${code} ${count}`).join(", ");
      return `${kind.padEnd(14)}${String(sorted.length).padStart(9)}${String(excused).padStart(6)}${times.join("")}  ${refusals}`;
    });
    return ["asked          answered   cut  p50 ms  p95 ms  max ms   bound  refused", ...rows];
  }

  #countsOf(kind: Kind): Counts {
    const known = this.#counts.get(kind) ?? { answeredMs: [], refused: new Map(), excused: 0 };
    this.#counts.set(kind, known);
    return known;
  }
}

async function lateAfter(boundMs: number, signal: AbortSignal): Promise<never> {
  await delay(boundMs, undefined, { signal });
  throw new Error(`no answer within ${boundMs} ms`);
}

const dataSchema = z.looseObject({ code: z.string() });
/** LSP's RequestCancelled. */
const CANCELLED = -32_800;

function refusalCode(error: unknown): string | undefined {
  if (error instanceof DaemonRefusal) return error.daemonCode;
  if (error instanceof AppError) return error.code;
  if (!(error instanceof ResponseError)) return undefined;
  if (error.code === CANCELLED) return "cancelled";
  const data = dataSchema.safeParse(error.data);
  return data.success ? data.data.code : undefined;
}
