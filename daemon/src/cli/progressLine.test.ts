import { describe, expect, test } from "vitest";
import { formatBytes, formatSeconds, formatTable } from "./format.js";
import { createProgressLine, progressText } from "./progressLine.js";

const progress = { phase: "train", done: 34, total: 100, detail: "loss 1.2", secondsLeft: 185 };

function record(isTerminal: boolean) {
  const written: string[] = [];
  let nowMs = 0;
  const line = createProgressLine({ write: (text) => written.push(text), isTerminal, nowMs: () => nowMs });
  return { line, written, wait: (ms: number) => (nowMs += ms) };
}

describe("progress", () => {
  test("says how far, how well and how long", () => {
    expect(progressText(progress)).toBe("train 34 % · 34 of 100 · loss 1.2 · 3 min 5 s left");
    expect(progressText({ ...progress, total: 0, detail: "", secondsLeft: undefined })).toBe("train");
  });

  test("is one rewritten line on a terminal", () => {
    const { line, written, wait } = record(true);
    line.show(progress);
    line.show(progress);
    wait(100);
    line.show(progress);
    line.clear();
    line.clear();
    const text = progressText(progress);
    expect(written).toEqual([text, "\r\x1b[2K", text, "\r\x1b[2K"]);
  });

  test("is a plain line now and then elsewhere", () => {
    const { line, written, wait } = record(false);
    line.show(progress);
    wait(9_999);
    line.show(progress);
    wait(1);
    line.show(progress);
    line.clear();
    expect(written).toEqual([`${progressText(progress)}\n`, `${progressText(progress)}\n`]);
  });
});

describe("formats", () => {
  test.each([
    [0.4216, "0.42 s"],
    [9.94, "9.9 s"],
    [9.96, "10 s"],
    [59.6, "1 min 0 s"],
    [3599.6, "1 h 0 min"],
    [7800, "2 h 10 min"],
  ])("%f seconds", (seconds, expected) => expect(formatSeconds(seconds)).toBe(expected));

  test.each([
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [14.1 * 2 ** 20, "14.1 MiB"],
    [3 * 2 ** 40, "3072.0 GiB"],
  ])("%i bytes", (bytes, expected) => expect(formatBytes(bytes)).toBe(expected));

  test("a table lines its columns up", () => {
    expect(
      formatTable([
        ["a", "1"],
        ["long", "22"],
      ]),
    ).toBe("a     1\nlong  22\n");
  });
});
