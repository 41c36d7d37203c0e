/**
 * An Assistant without a model, for tests of LSP and HTTP: it answers from what it is asked, says so itself when it is
 * told to be slow or to fail, and remembers who is connected.
 */

import type {
  Assistant,
  Client,
  ClientListener,
  CorrectionHooks,
  KeptCorrection,
} from "../src/assistant/assistant.js";
import { AppError } from "../src/base/errors.js";
import { EngineError } from "../src/engine/engine.js";
import type { DidLearn } from "../src/protocol/corrections.js";
import type { DaemonState } from "../src/protocol/state.js";

export interface FakeAssistant extends Assistant {
  /** Prefixes of completions whose signal was aborted, and chats' last turns. */
  readonly aborted: readonly string[];
  readonly unloads: number;
  readonly isClosed: boolean;
}

const PROJECT = { id: "project-1", name: "project" };

/** A prefix or turn of `wait` answers only when it is given up; `fail: code` throws; `bug` throws a TypeError, `closed` the engine's. */
export function createFakeAssistant(): FakeAssistant {
  const listeners = new Set<ClientListener>();
  const aborted: string[] = [];
  let unloads = 0;
  const warnings: string[] = [];
  let isClosed = false;
  let isPaused = false;
  const givenUp = (what: string, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const onAbort = () => {
        aborted.push(what);
        resolve();
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  const obey = (text: string) => {
    if (text === "bug") throw new TypeError("cannot read secret of undefined");
    if (text === "closed") throw new EngineError("closed", "the engine was closed");
    if (text === "fail") throw new AppError("correction-unknown", "no correction has that id; list them");
  };
  const state = (): DaemonState => ({
    version: "0.0.0",
    pid: process.pid,
    home: "/home",
    model: { kind: "unloaded" },
    projects: [
      {
        ...PROJECT,
        folder: "/project",
        adapterVersion: 1,
        learned: 1,
        learning: isPaused ? { kind: "paused", waiting: 0 } : { kind: "idle" },
      },
    ],
    notices: [...warnings],
  });
  const learnedEvent = (wanted: string): DidLearn => ({
    correctionId: "c1",
    project: PROJECT,
    outcome: {
      kind: "learned",
      proven: true,
      adapterVersion: 2,
      steps: 1,
      lossBefore: 2,
      lossAfter: 0.1,
      seconds: 0.1,
    },
    rejected: "old",
    wanted,
    origin: "completion",
    replaces: null,
  });
  const keep = async (wanted: string, hooks: CorrectionHooks | undefined): Promise<KeptCorrection> => {
    obey(wanted);
    const progress = { purpose: "new", index: 1, count: 1, step: 1, stepsMax: 8 } as const;
    const done = new Promise(setImmediate).then(() => {
      hooks?.onStep?.({ ...progress, loss: 1.5, margin: -0.5 });
      return learnedEvent(wanted);
    });
    return { correctionId: "c1", project: PROJECT, replaces: null, done };
  };
  const connect = (listener: ClientListener): Client => {
    listeners.add(listener);
    return {
      async complete({ prefix, signal }) {
        obey(prefix);
        if (prefix === "wait") {
          await givenUp(prefix, signal);
          return { kind: "cancelled" };
        }
        if (prefix === "") return { kind: "silent", reason: "nothing to say" };
        return {
          kind: "proposed",
          completionId: "1",
          text: `${prefix}!`,
          replaces: 0,
          adapterVersion: 1,
          promptTokens: 2,
          tokensRead: 1,
          milliseconds: 3,
        };
      },
      async draft({ prefix, signal, onText }) {
        onText?.(`${prefix}!`);
        obey(prefix);
        if (prefix === "wait") {
          await givenUp(prefix, signal);
          return undefined;
        }
        return {
          text: `${prefix}!`,
          stoppedBy: "token",
          promptTokens: 2,
          tokens: [1],
          logProbabilities: [-0.5, null],
          adapterVersion: 1,
          seconds: 0.1,
          notices: [],
        };
      },
      async chat({ turns, signal, onText }) {
        const last = turns.at(-1)?.text ?? "";
        onText("Hel");
        obey(last);
        if (last === "flood") {
          for (let i = 0; i < 4096 && !signal.aborted; i += 1) onText("x".repeat(4096));
          await givenUp(last, signal);
        }
        if (last === "wait") await givenUp(last, signal);
        onText(`lo, ${last} \n\n\u{1f600}`);
        const stoppedBy = signal.aborted ? "cancelled" : "end";
        if (signal.aborted) aborted.push(last);
        return { text: `Hello, ${last}`, stoppedBy, adapterVersion: 1, tokens: 3, seconds: 0.1 };
      },
      suggestionEvent() {},
      completionText: () => undefined,
      correctCompletion: ({ wanted }, hooks) => keep(wanted, hooks),
      correctPlace: ({ wanted }, hooks) => keep(wanted, hooks),
      correctAnswer: ({ wanted }, hooks) => keep(wanted, hooks),
      async undo({ correctionId = "c1" }) {
        obey(correctionId);
        return {
          correctionId,
          project: PROJECT,
          adapterVersion: 0,
          retrained: 0,
          lost: [],
          restored: [],
          rejected: "",
          wanted: "",
        };
      },
      async reset() {
        return { project: PROJECT, adapterVersion: 0, corrections: 1, pending: 0, samples: 0, newest: ["a"] };
      },
      async learned() {
        return { project: PROJECT, adapterVersion: 1, corrections: [], notices: ["half a record"] };
      },
      state: async () => state(),
      setPaused(paused) {
        isPaused = paused;
      },
      forget() {},
      close() {
        listeners.delete(listener);
      },
    };
  };
  return {
    connect,
    aborted,
    get clients() {
      return listeners.size;
    },
    get unloads() {
      return unloads;
    },
    get isClosed() {
      return isClosed;
    },
    changeModel: async () => ({ kind: "unloaded" }),
    servedModel: async () => ({ hash: "aa", vocabularyHash: "bb", weights: "auto" }),
    warn(sentence) {
      warnings.push(sentence);
      for (const listener of listeners) listener.onState(state());
    },
    memory: () => [{ name: "process", bytes: 1, bytesMax: null }],
    async unload() {
      unloads += 1;
    },
    async close() {
      isClosed = true;
    },
  };
}
