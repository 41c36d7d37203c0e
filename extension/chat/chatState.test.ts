import { describe, expect, test } from "vitest";
import { type ChatEvent, type ChatState, EMPTY_CHAT, reduce, turnsBefore } from "./chatState.js";

const outcome = {
  kind: "learned",
  proven: true,
  adapterVersion: 2,
  steps: 8,
  lossBefore: 3,
  lossAfter: 0.1,
  seconds: 1.4,
} as const;

const ask: ChatEvent = { kind: "asked", text: "why?", userId: "u1", answerId: "a1" };
const text = (part: string): ChatEvent => ({ kind: "text", chatId: "a1", text: part });
const end = (stoppedBy: "end" | "limit" | "cancelled"): ChatEvent => ({
  kind: "ended",
  chatId: "a1",
  stoppedBy,
});
const after = (...events: readonly ChatEvent[]): ChatState => events.reduce(reduce, EMPTY_CHAT);
const last = (state: ChatState) => state.turns.at(-1);

describe("a conversation", () => {
  test("streams the answer that it waits for", () => {
    const state = after(ask, text("be"), text("cause"));
    expect(state.awaiting).toBe("a1");
    expect(last(state)).toMatchObject({ role: "assistant", text: "because", status: { kind: "writing" } });
  });

  test.each([
    ["end", "done"],
    ["limit", "cut"],
    ["cancelled", "stopped"],
  ] as const)("an answer that ended by %s is %s", (stoppedBy, kind) => {
    const state = after(ask, text("x"), end(stoppedBy));
    expect(state.awaiting).toBeNull();
    expect(last(state)?.status.kind).toBe(kind);
  });

  test("text of an answer that nobody waits for any more changes nothing", () => {
    const state = after(ask, { kind: "new-chat" });
    expect(reduce(state, text("late"))).toEqual(state);
  });

  test("asking again with other words drops what came after", () => {
    const state = after(
      ask,
      text("x"),
      end("end"),
      { kind: "asked", text: "and?", userId: "u2", answerId: "a2" },
      { kind: "asked-again", userId: "u1", text: "how?", answerId: "a3" },
    );
    expect(state.turns.map(({ text }) => text)).toEqual(["how?", ""]);
    expect(state.awaiting).toBe("a3");
  });

  test("a new question stops the answer before it", () => {
    const state = after(ask, text("x"), { kind: "asked", text: "?", userId: "u2", answerId: "a2" });
    expect(state.turns[1]?.status.kind).toBe("stopped");
  });

  test("is asked with all that was said, but not with empty answers", () => {
    const state = after(ask, end("cancelled"), { kind: "asked", text: "?", userId: "u2", answerId: "a2" });
    expect(turnsBefore(state, "a2")).toEqual([
      { role: "user", text: "why?" },
      { role: "user", text: "?" },
    ]);
  });

  test("a failed answer says why", () => {
    const state = after(ask, { kind: "failed", chatId: "a1", message: "no model" });
    expect(last(state)?.status).toEqual({ kind: "failed", message: "no model" });
  });

  test("never grows beyond its bound", () => {
    let state = EMPTY_CHAT;
    for (let index = 0; index < 300; index += 1)
      state = reduce(state, { kind: "asked", text: "?", userId: `u${index}`, answerId: `a${index}` });
    expect(state.turns).toHaveLength(200);
  });
});

describe("teaching an answer", () => {
  const taught: ChatEvent = { kind: "taught", answerId: "a1", wanted: "since" };
  const lesson = (lesson: Extract<ChatEvent, { kind: "lesson" }>["lesson"]): ChatEvent => ({
    kind: "lesson",
    answerId: "a1",
    lesson,
  });
  const base = [ask, text("because"), end("end"), { kind: "edit", turnId: "a1" }] as const;

  test("puts the wanted text into the conversation", () => {
    const state = after(...base, taught);
    expect(state.editing).toBeNull();
    expect(last(state)).toMatchObject({ text: "since", lesson: { kind: "under-way" } });
  });

  test("forgets that the model's own answer was cut off", () => {
    const state = after(ask, text("because"), end("limit"), taught);
    expect(last(state)?.status.kind).toBe("done");
  });

  test("tells what became of it, and that it was taken back", () => {
    const learned = after(
      ...base,
      taught,
      lesson({ kind: "under-way", correctionId: "c1" }),
      lesson({ kind: "settled", correctionId: "c1", outcome }),
    );
    expect(last(learned)?.lesson).toEqual({ kind: "settled", correctionId: "c1", outcome });
    const undone = reduce(learned, { kind: "undone", correctionId: "c1" });
    expect(last(undone)?.lesson.kind).toBe("undone");
  });

  test("undoing something else changes nothing", () => {
    const learned = after(...base, taught, lesson({ kind: "settled", correctionId: "c1", outcome }));
    expect(reduce(learned, { kind: "undone", correctionId: "other" })).toEqual(learned);
  });

  test("a refused lesson leaves no mark", () => {
    expect(last(after(...base, taught, lesson({ kind: "none" })))?.lesson.kind).toBe("none");
  });
});
