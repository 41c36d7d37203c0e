import { expect, test } from "vitest";
import { createByteTokenizer, createFakeEngine, createFakeModel } from "../../test/fakeEngine.js";
import { draft } from "./drafts.js";

test("a draft takes as long as it is written: neither loading nor what was learned counts", async () => {
  const tokenizer = createByteTokenizer();
  const loaded = {
    engine: createFakeEngine(),
    model: createFakeModel({ vocabularySize: tokenizer.size, seed: 1 }),
    tokenizer,
    path: "/models/fake",
    vocabularyPath: "",
    isEmbedded: false,
    form: "fill" as const,
  };
  let ms = 1000;
  const drafted = await draft({
    request: {
      where: { file: null, folder: "/project" },
      prefix: "const a = ",
      suffix: "",
      adapter: "learned",
      sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 },
      tokensMax: 1,
      stop: "",
      signal: new AbortController().signal,
      onText: () => {
        ms += 250;
      },
    },
    loaded,
    path: "a.ts",
    nowMs: () => ms,
    async view() {
      ms += 5000;
      return { currentAdapter: () => ({ version: 0 }), notices: [] };
    },
  });
  expect(ms).toBeGreaterThan(6000);
  expect(drafted?.seconds).toBe((ms - 6000) / 1000);
});
