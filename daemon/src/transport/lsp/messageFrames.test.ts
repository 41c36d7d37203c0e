import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.js";
import { type Frame, MESSAGE_BYTES_MAX, MessageFrames } from "./messageFrames.js";

const framed = (content: string, header = "Content-Length") =>
  Buffer.from(`${header}: ${Buffer.byteLength(content)}\r\n\r\n${content}`);
const shown = (frames: readonly Frame[]) =>
  frames.map((frame) => (frame.kind === "message" ? frame.content.toString() : frame));

test("messages come whole, wherever the pieces end", () => {
  const seed = Date.now();
  const random = seededRandom(seed);
  const contents = [
    "{}",
    '{"text":"grün 🐍"}',
    "",
    "[1]",
    `"${"x".repeat(5_000)}"`,
    '"Content-Length: 3\\r\\n\\r\\n"',
  ];
  const bytes = Buffer.concat([
    ...contents.map((content) => framed(content)),
    framed("{}", "content-type: a/b\r\nCONTENT-LENGTH"),
  ]);
  for (let round = 0; round < 200; round++) {
    const frames = new MessageFrames();
    const found: Frame[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + random.below(random.below(4) === 0 ? 4_000 : 40);
      found.push(...frames.push(bytes.subarray(at, at + length)));
      at += length;
    }
    expect(shown(found), `seed ${seed}, round ${round}`).toEqual([...contents, "{}"]);
  }
});

test("what is announced as too long is said at once, read past, and never held", () => {
  const frames = new MessageFrames();
  const bytes = 2_000_000_000;
  expect(shown(frames.push(Buffer.from(`Content-Length: ${bytes}\r\n\r\n`)))).toEqual([
    { kind: "too-long", bytes },
  ]);
  const piece = Buffer.alloc(10_000_000);
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < bytes; at += piece.length) expect(frames.push(piece)).toEqual([]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * piece.length);
  expect(shown(frames.push(framed("{}")))).toEqual(["{}"]);
});

test("the longest message that is taken is taken", () => {
  const frames = new MessageFrames();
  frames.push(Buffer.from(`Content-Length: ${MESSAGE_BYTES_MAX}\r\n\r\n`));
  const [frame] = frames.push(Buffer.alloc(MESSAGE_BYTES_MAX));
  expect(frame?.kind).toBe("message");
});

test.each([
  ["no length", "Content-Type: a/b\r\n\r\n{}"],
  ["a length that is no number", "Content-Length: two\r\n\r\n{}"],
  ["a length below nothing", "Content-Length: -2\r\n\r\n{}"],
  ["no end", "x".repeat(5_000)],
])("headers with %s are unreadable, and nothing is read after them", (_, bytes) => {
  const frames = new MessageFrames();
  expect(frames.push(Buffer.from(bytes))).toEqual([{ kind: "unreadable" }]);
  expect(frames.push(framed("{}"))).toEqual([]);
});
