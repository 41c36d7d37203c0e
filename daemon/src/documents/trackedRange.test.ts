import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { moveRange, type OffsetEdit } from "./trackedRange.js";

/** `[` and `]` mark the range, `<` and `>` the text that is replaced by `inserted`. */
function check(drawn: string, inserted: string): string {
  const plain = drawn.replaceAll(/[[\]<>]/g, "");
  const at = (mark: string) => {
    const index = drawn.indexOf(mark);
    return drawn.slice(0, index).replaceAll(/[[\]<>]/g, "").length;
  };
  const edit = { offset: at("<"), removed: at(">") - at("<"), inserted };
  const { start, end } = moveRange({ start: at("["), end: at("]") }, edit);
  const text = plain.slice(0, edit.offset) + inserted + plain.slice(edit.offset + edit.removed);
  return `${text.slice(0, start)}[${text.slice(start, end)}]${text.slice(end)}`;
}

describe("a tracked range", () => {
  test.each([
    ["moves when text is typed before it", "<>ab [cd] ef", "x", "xab [cd] ef"],
    ["stays when text is typed behind it", "ab [cd] <>ef", "x", "ab [cd] xef"],
    ["leaves text typed at its end outside", "ab [cd]<> ef", "x", "ab [cd]x ef"],
    ["leaves text typed at its start outside", "ab <>[cd] ef", "x", "ab x[cd] ef"],
    ["grows with text typed inside", "ab [c<>d] ef", "xy", "ab [cxyd] ef"],
    ["shrinks with text deleted inside", "ab [c<d>e] ef", "", "ab [ce] ef"],
    ["takes a replacement of all of it", "ab [<cd>] ef", "xyz", "ab [xyz] ef"],
    ["takes an edit that begins inside and ends behind it", "ab [c<d] e>f", "x", "ab [cx]f"],
    ["loses what an edit from before takes", "a<b [c>d] ef", "x", "ax[d] ef"],
    ["is empty when all of it is deleted from outside", "a<b [cd] e>f", "", "a[]f"],
  ])("%s", (_name, drawn, inserted, expected) => expect(check(drawn, inserted)).toBe(expected));

  const edits = fc.array(
    fc.record({ offset: fc.nat(40), removed: fc.nat(8), inserted: fc.string({ maxLength: 8 }) }),
    {
      maxLength: 20,
    },
  );

  test("stays within the document, whatever is edited", () => {
    fc.assert(
      fc.property(edits, fc.nat(30), fc.nat(10), (drawn, start, length) => {
        let size = 40;
        let range = { start, end: start + length };
        for (const { offset, removed, inserted } of drawn) {
          const edit: OffsetEdit = { offset: Math.min(offset, size), removed: 0, inserted };
          const fitted = { ...edit, removed: Math.min(removed, size - edit.offset) };
          size += inserted.length - fitted.removed;
          range = moveRange(range, fitted);
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeGreaterThanOrEqual(range.start);
          expect(range.end).toBeLessThanOrEqual(size);
        }
      }),
    );
  });

  test("keeps covering its own characters while only others are edited", () => {
    fc.assert(
      fc.property(edits, (drawn) => {
        let text = `${".".repeat(20)}RANGE${".".repeat(20)}`;
        let range = { start: 20, end: 25 };
        for (const { offset, removed, inserted } of drawn) {
          const isBefore = offset + removed <= range.start;
          const isBehind = offset >= range.end && offset + removed <= text.length;
          if (!isBefore && !isBehind) continue;
          text = text.slice(0, offset) + inserted + text.slice(offset + removed);
          range = moveRange(range, { offset, removed, inserted });
          expect(text.slice(range.start, range.end)).toBe("RANGE");
        }
      }),
    );
  });
});
