import fc from "fast-check";
import { expect, it } from "vitest";
import { formatEvent, readEvents, type ServerEvent } from "./eventStream.js";

async function collect(chunks: readonly Uint8Array[]): Promise<readonly ServerEvent[]> {
  const source = async function* () {
    yield* chunks;
  };
  const events: ServerEvent[] = [];
  for await (const event of readEvents(source())) events.push(event);
  return events;
}

it("reads what it wrote, wherever the bytes are cut, characters of four bytes and blank lines included", async () => {
  const event = fc.record({
    name: fc.constantFrom("text", "done", "step"),
    data: fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("a\n\nevent: b\r\n\u{1f600}", "a\u2028b\u2029"),
      fc.integer(),
    ),
  });
  const cuts = fc.array(fc.nat(400), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 8 }), cuts, async (events, places) => {
      const bytes = Buffer.from(events.map(formatEvent).join(""));
      const bounds = [0, ...places.filter((at) => at < bytes.length), bytes.length].toSorted((a, b) => a - b);
      const chunks = bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
      expect(await collect(chunks)).toEqual(events);
    }),
  );
});

it("takes the line ends of Unicode, which JSON leaves as they are, for characters like others", async () => {
  const event = { name: "text", data: "one\u2028two\u2029three" };
  expect(await collect([Buffer.from(formatEvent(event))])).toEqual([event]);
});

it.each(["data: 1\n\n", "event: a\n\n", "hello\n\n", "x".repeat(5 << 20)])(
  "refuses what is no stream of events",
  async (text) => {
    await expect(collect([Buffer.from(text)])).rejects.toMatchObject({ code: "daemon-refused" });
  },
);
