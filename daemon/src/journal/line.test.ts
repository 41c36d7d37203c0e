import fc from "fast-check";
import { expect, it } from "vitest";
import { correctionRecord } from "../../test/records.js";
import { decodeLine, encodeLine, LINE_BYTES_MAX } from "./line.js";
import { RECORD_VERSION } from "./records.js";

const withoutNewline = (line: Buffer) => line.subarray(0, -1);

it("reads back what it wrote, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.array(fc.nat()), (text, tokens) => {
      const record = correctionRecord({ wanted: { text, tokens } });
      const line = encodeLine(record);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(decodeLine(withoutNewline(line))).toEqual({ kind: "record", record });
    }),
  );
});

it("notices every single changed byte", () => {
  const line = withoutNewline(encodeLine(correctionRecord()));
  fc.assert(
    fc.property(fc.nat(line.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const rotten = Buffer.from(line);
      rotten[index] = (rotten[index] ?? 0) ^ flip;
      expect(decodeLine(rotten).kind).toBe("corrupt");
    }),
  );
});

it("calls a line cut short corrupt", () => {
  const line = withoutNewline(encodeLine(correctionRecord()));
  for (let length = 0; length < line.length; length++) {
    expect(decodeLine(line.subarray(0, length)).kind).toBe("corrupt");
  }
});

it("tells a record of a newer version from a corrupt one", () => {
  const newer = JSON.parse(
    JSON.stringify({ ...correctionRecord(), v: RECORD_VERSION + 1, kind: "consolidated" }),
  );
  expect(decodeLine(withoutNewline(encodeLine(newer))).kind).toBe("newer");
  expect(decodeLine(withoutNewline(encodeLine({ ...newer, v: 1 }))).kind).toBe("corrupt");
});

it("refuses to write a line that a reader would refuse", () => {
  const text = "x".repeat(LINE_BYTES_MAX);
  expect(() => encodeLine(correctionRecord({ wanted: { text, tokens: [] } }))).toThrow(/too long/);
});
