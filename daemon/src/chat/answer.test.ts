import { expect, test } from "vitest";
import { createByteTokenizer, createFakeModel } from "../../test/fakeEngine.js";
import type { GenerateOptions } from "../engine/engine.js";
import { GREEDY } from "../engine/greedy.js";
import { chatTemplateOf } from "../prompt/chatTemplate.js";
import { Session } from "../states/session.js";
import { answer } from "./answer.js";

const tokenizer = createByteTokenizer();
const fake = createFakeModel({ vocabularySize: tokenizer.size, seed: 1 });

/** Answers with `script`, one byte per token, until it is stopped. */
async function answered(script: string, taught: readonly string[]) {
  const generate = async ({ signal, onToken, tokensMax }: GenerateOptions) => {
    const tokens: number[] = [];
    const end = (stoppedBy: "token" | "limit" | "cancel") => ({
      kind: stoppedBy === "cancel" ? ("cancelled" as const) : ("finished" as const),
      tokens: Uint32Array.from(tokens),
      logProbabilities: new Float32Array(tokens.length),
      stoppedBy,
    });
    for (const token of tokenizer.encode(script)) {
      await new Promise(setImmediate);
      if (signal?.aborted) return end("cancel");
      if (tokens.length >= tokensMax) return end("limit");
      tokens.push(token);
      onToken?.(token, 0);
    }
    return end("token");
  };
  const { text, stoppedBy } = await answer({
    model: { ...fake, generate },
    tokenizer,
    template: chatTemplateOf(tokenizer),
    session: new Session({ model: fake, statesMax: 4 }),
    adapter: undefined,
    turns: [{ role: "user", text: "?" }],
    taught,
    sampling: GREEDY,
    tokensMax: 10,
    signal: new AbortController().signal,
  });
  return { text, stoppedBy };
}

test("an answer ends with the model, or at its limit", async () => {
  expect(await answered(" short", [])).toEqual({ text: "short", stoppedBy: "end" });
  expect(await answered(" far too long", [])).toEqual({ text: "far too l", stoppedBy: "limit" });
});

test("a taught one comes out to its end, however long it is and however often it says the same", async () => {
  const text = `| - |\n${"| a |\n".repeat(60)}end`;
  expect(await answered(` ${text}`, [text])).toEqual({ text, stoppedBy: "end" });
});

test("what only begins like a taught one has no more room", async () => {
  expect(await answered(" far too long", ["far away"])).toEqual({ text: "far too l", stoppedBy: "limit" });
});
