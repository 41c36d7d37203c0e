import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DocumentStore } from "./documentStore.js";

const URI = "file:///a.ts";

function opened(text: string) {
  const store = new DocumentStore();
  store.open({ uri: URI, languageId: "typescript", version: 1, text });
  return store;
}

describe("a document store", () => {
  test("counts UTF-16 units in lines with Chinese, emoji and CRLF", () => {
    const store = opened("你好 = '😀';\r\nb\r\n");
    const edits = store.change({
      uri: URI,
      version: 2,
      changes: [
        { range: { start: { line: 0, character: 6 }, end: { line: 0, character: 8 } }, text: "é" },
        { range: { start: { line: 1, character: 0 }, end: { line: 1, character: 1 } }, text: "" },
      ],
    });
    expect(store.get(URI)?.getText()).toBe("你好 = 'é';\r\n\r\n");
    expect(edits).toEqual([
      { offset: 6, removed: 2, inserted: "é" },
      { offset: 11, removed: 1, inserted: "" },
    ]);
  });

  test("takes a whole new text", () => {
    const store = opened("abc");
    expect(store.change({ uri: URI, version: 2, changes: [{ text: "de" }] })).toEqual([
      { offset: 0, removed: 3, inserted: "de" },
    ]);
    expect(store.mustGet(URI).getText()).toBe("de");
  });

  test("says in one sentence that a document is not open", () => {
    const store = opened("");
    store.close(URI);
    expect(() => store.mustGet(URI)).toThrow(expect.objectContaining({ code: "document-unknown" }));
    expect(store.change({ uri: URI, version: 2, changes: [{ text: "x" }] })).toEqual([]);
  });

  test("keeps no document that is too long", () => {
    const store = opened("x".repeat((16 << 20) + 1));
    expect(store.get(URI)).toBeUndefined();
  });

  test("reports edits that, applied in order, give the text it holds", () => {
    const unit = fc.constantFrom("a", "\n", "\r\n", "好", "😀", " ");
    const place = fc.record({ line: fc.nat(6), character: fc.nat(6) });
    const change = fc.record({ start: place, end: place, text: fc.string({ unit, maxLength: 4 }) });
    fc.assert(
      fc.property(fc.string({ unit }), fc.array(change, { maxLength: 6 }), (before, drawn) => {
        const store = opened(before);
        let expected = before;
        for (const [at, { start, end, text }] of drawn.entries()) {
          const isOrdered =
            start.line < end.line || (start.line === end.line && start.character <= end.character);
          const range = isOrdered ? { start, end } : { start: end, end: start };
          const [edit] = store.change({ uri: URI, version: at + 2, changes: [{ range, text }] });
          if (!edit) throw new Error("no edit");
          expected =
            expected.slice(0, edit.offset) + edit.inserted + expected.slice(edit.offset + edit.removed);
          expect(store.get(URI)?.getText()).toBe(expected);
        }
      }),
    );
  });
});
