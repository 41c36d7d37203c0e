/**
 * Scalars over steps in TensorBoard's event format: TFRecord frames (length, masked CRC-32C, `Event` message, masked
 * CRC-32C), as tensorflow/core/lib/io/record_writer.h and tensorflow/core/util/event.proto describe them.
 */

import { open } from "node:fs/promises";
import { join } from "node:path";
import crc32c from "crc-32/crc32c.js";
import { PbfWriter } from "pbf";

export interface EventFile {
  scalars(step: number, values: Readonly<Record<string, number>>): Promise<void>;
  close(): Promise<void>;
}

/** A new file in `folder`; TensorBoard reads those of one folder together, later ones over earlier ones. */
export async function openEventFile(folder: string): Promise<EventFile> {
  const name = `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${process.pid}.ouro`;
  const file = await open(join(folder, name), "w", 0o600);
  const write = (event: Uint8Array) => file.write(recordOf(event));
  await write(versionEvent(Date.now() / 1000));
  return {
    async scalars(step, values) {
      await write(scalarEvent({ seconds: Date.now() / 1000, step, values }));
    },
    close: () => file.close(),
  };
}

/** One TFRecord frame. */
export function recordOf(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(8 + 4 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}

/** Rotated and offset, so that a checksum of data that holds checksums is sound. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c.buf(data) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

// Field numbers of event.proto and summary.proto.
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const SUMMARY_VALUE = 1;
const VALUE = { tag: 1, simpleValue: 2 } as const;

function versionEvent(seconds: number): Uint8Array {
  const writer = new PbfWriter();
  writer.writeDoubleField(EVENT.wallTime, seconds);
  writer.writeStringField(EVENT.fileVersion, "brain.Event:2");
  return writer.finish();
}

function scalarEvent(event: {
  readonly seconds: number;
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}): Uint8Array {
  const writer = new PbfWriter();
  writer.writeDoubleField(EVENT.wallTime, event.seconds);
  writer.writeVarintField(EVENT.step, event.step);
  writer.writeMessage(
    EVENT.summary,
    (values, summary) => {
      for (const entry of Object.entries(values)) summary.writeMessage(SUMMARY_VALUE, writeScalar, entry);
    },
    event.values,
  );
  return writer.finish();
}

function writeScalar([tag, value]: [string, number], writer: PbfWriter): void {
  writer.writeStringField(VALUE.tag, tag);
  writer.writeFloatField(VALUE.simpleValue, value);
}
