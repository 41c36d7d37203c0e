/** What the daemon's process takes, looked at every few seconds, and whether that stays level. Linux' /proc. */

import { readdirSync, readFileSync } from "node:fs";
import type { Ledger } from "./ledger.js";
import type { SoakDaemon } from "./soakDaemon.js";

const SAMPLE_EVERY_MS = 5_000;
/** A window of twenty may just come or go, and a lesson's files may be open. */
const DESCRIPTORS_MORE_MAX = 8;
/** Lessons that are kept grow what is held of them a little. */
const MEMORY_GROWTH_MAX = 1.2;

interface Sample {
  readonly atMs: number;
  readonly pid: number;
  readonly residentMiB: number;
  readonly descriptors: number;
  readonly runtimeFiles: number;
  readonly lessons: number;
}

export class Samples {
  readonly all: Sample[] = [];
  readonly #daemon: SoakDaemon;
  readonly #ledger: Ledger;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(daemon: SoakDaemon, ledger: Ledger) {
    this.#daemon = daemon;
    this.#ledger = ledger;
    this.#timer = setInterval(() => this.take(), SAMPLE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Undefined, and a fault, where the daemon has ended unasked. */
  take(): Sample | undefined {
    const { pid } = this.#daemon;
    if (pid === undefined) return undefined;
    try {
      const sample = {
        atMs: performance.now() - this.#startedMs,
        pid,
        residentMiB: residentMiB(pid),
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
        runtimeFiles: runtimeFiles(this.#daemon).length,
        lessons: this.#ledger.acknowledgedCount,
      };
      this.all.push(sample);
      return sample;
    } catch (error) {
      if (!this.#daemon.hasEnded(pid)) this.#ledger.fault(`process ${pid} has ended unasked: ${error}`);
      return undefined;
    }
  }

  /** Of those between two shares of the duration: the medians. */
  medians(durationMs: number, from: number, to: number) {
    const found = this.all.filter(({ atMs }) => atMs >= from * durationMs && atMs < to * durationMs);
    const middle = (pick: (sample: Sample) => number) =>
      found.map(pick).toSorted((a, b) => a - b)[Math.floor(found.length / 2)] ?? Number.NaN;
    return {
      processes: new Set(found.map(({ pid }) => pid)).size,
      residentMiB: middle((sample) => sample.residentMiB),
      descriptors: middle((sample) => sample.descriptors),
      runtimeFiles: middle((sample) => sample.runtimeFiles),
      lessons: middle((sample) => sample.lessons),
    };
  }

  /** In what the last third takes more than the second quarter may let expect. */
  growth(durationMs: number): readonly string[] {
    const before = this.medians(durationMs, 0.25, 0.5);
    const after = this.medians(durationMs, 2 / 3, 1);
    const found: string[] = [];
    if (after.residentMiB > before.residentMiB * MEMORY_GROWTH_MAX)
      found.push(`memory: ${before.residentMiB} MiB, then ${after.residentMiB}`);
    if (after.descriptors > before.descriptors + DESCRIPTORS_MORE_MAX)
      found.push(`open files: ${before.descriptors}, then ${after.descriptors}`);
    if (after.runtimeFiles > before.runtimeFiles)
      found.push(`files in the runtime folder: ${before.runtimeFiles}, then ${after.runtimeFiles}`);
    return found;
  }

  /** One line for each of `parts` parts of the duration. */
  table(durationMs: number, parts: number): readonly string[] {
    const rows = Array.from({ length: parts }, (_, part) => {
      const medians = this.medians(durationMs, part / parts, (part + 1) / parts);
      const fields = [medians.residentMiB, medians.descriptors, medians.runtimeFiles, medians.lessons];
      const until = `until ${Math.round((durationMs * (part + 1)) / parts / 1000)} s`.padEnd(16);
      return until + fields.map((field) => String(Math.round(field)).padStart(14)).join("");
    });
    return ["medians            resident MiB    open files runtime files  acknowledged", ...rows];
  }
}

function residentMiB(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kibibytes) / 1024);
}

/** Without the log, which rotates; holders of a lock have names of their own. */
export function runtimeFiles({ runtime }: SoakDaemon): readonly string[] {
  const names = readdirSync(runtime.folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => !name.startsWith("log")).map((name) => name.replace(/\.lock\/.*/, ".lock/*"));
}
