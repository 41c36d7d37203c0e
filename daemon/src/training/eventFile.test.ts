import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PbfReader } from "pbf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEventFile, recordOf } from "./eventFile.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ouro-events-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** CRC-32C bit by bit (RFC 3720, appendix B.4), then TFRecord's mask. */
function maskedCrc(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function records(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(maskedCrc(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

interface Scalars {
  step: number;
  version: string;
  values: Record<string, number>;
}

function readEvent(data: Uint8Array): Scalars {
  const event: Scalars = { step: 0, version: "", values: {} };
  return new PbfReader(data).readFields((field, into: Scalars, reader) => {
    if (field === 2) into.step = reader.readVarint();
    if (field === 3) into.version = reader.readString();
    if (field === 5) reader.readMessage(readSummary, into);
  }, event);
}

function readSummary(field: number, into: Scalars, reader: PbfReader): void {
  if (field !== 1) return;
  const value = reader.readMessage(
    (tag, pair: { tag: string; value: number }, inner) => {
      if (tag === 1) pair.tag = inner.readString();
      if (tag === 2) pair.value = inner.readFloat();
    },
    { tag: "", value: Number.NaN },
  );
  into.values[value.tag] = value.value;
}

describe("an event file", () => {
  it("frames the published example of CRC-32C", () => {
    // crc32c("123456789") is 0xe3069283.
    expect(maskedCrc(Buffer.from("123456789"))).toBe(
      (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0,
    );
    const [record] = records(Buffer.from(recordOf(Buffer.from("123456789"))));
    expect(record?.toString()).toBe("123456789");
  });

  it("names its version, then holds scalars by step", async () => {
    const events = await openEventFile(folder);
    await events.scalars(0, { loss: 8.25, learning_rate: 0.5 });
    await events.scalars(300, { loss: 4.5 });
    await events.close();
    const [name = ""] = await readdir(folder);
    expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
    const [first, ...rest] = records(await readFile(join(folder, name))).map(readEvent);
    expect(first?.version).toBe("brain.Event:2");
    expect(rest).toEqual([
      { step: 0, version: "", values: { loss: 8.25, learning_rate: 0.5 } },
      { step: 300, version: "", values: { loss: 4.5 } },
    ]);
  });
});
