import { describe, expect, test } from "vitest";
import { testTokenizer } from "../../test/testTokenizer.js";
import { completionPrompt } from "../prompt/completionPrompt.js";
import { controlsOf } from "../prompt/controls.js";
import { CONTROL_LITERALS } from "../prompt/controlTokens.js";
import { completionLesson } from "./correctionLesson.js";

const tokenizer = testTokenizer([...CONTROL_LITERALS, "const", " ="]);
const texts = { tokenizer, path: "a.ts", rejected: "log(1);", wanted: "debug(1);", stop: "\n" };

const lessonAt = (place: { readonly prefix: string; readonly suffix: string; readonly wanted?: string }) =>
  completionLesson({
    ...texts,
    ...place,
    place,
    source: "teach",
    prompt: completionPrompt({ ...texts, ...place }),
  });

describe("the lesson of a correction", () => {
  test.each([
    ["a continuation", { prefix: "const a", suffix: "" }],
    ["a fill", { prefix: "const a", suffix: "}\n" }],
  ])("is, token for token, the prompt of the completion it corrects: %s", (_name, place) => {
    const asked = completionPrompt({ ...texts, ...place });
    const taught = lessonAt(place);
    expect(taught.prompt.tokens).toEqual(asked.tokens);
    expect(taught.boundary).toBe(asked.boundary);
    expect(tokenizer.decode(taught.wanted.tokens)).toBe("debug(1);");
  });

  test("teaches the space before the cursor together with the word, as it is asked for", () => {
    const { wanted } = lessonAt({ prefix: "const a ", suffix: "", wanted: "=" });
    expect(wanted).toEqual({ text: "=", tokens: tokenizer.encode(" =") });
  });

  test("a fill teaches its ending, a continuation the text that it ends before", () => {
    const fill = lessonAt({ prefix: "const a", suffix: "}\n" });
    expect(fill.end).toBe(controlsOf(tokenizer)?.eot);
    expect(fill.following).toBeUndefined();
    const continuation = lessonAt({ prefix: "const a", suffix: "\n" });
    expect(continuation.end).toBeUndefined();
    expect(continuation.following).toEqual(tokenizer.encode("\n"));
  });
});
