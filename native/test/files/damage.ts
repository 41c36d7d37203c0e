/** Damaging valid files at random: whatever comes out must be read or refused, and nothing else may happen. */

import fc from "fast-check";
import { expect } from "vitest";
import { EngineError } from "../../lib/errors.js";

interface Damage {
  readonly kind: "set" | "flip" | "insert" | "remove" | "copy" | "cut" | "number";
  readonly at: number;
  readonly from: number;
  readonly size: number;
  readonly value: number;
}

/** Numbers that are on the edge of something. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom("set", "flip", "insert", "remove", "copy", "cut", "number"),
  at: fc.nat(),
  from: fc.nat(),
  size: fc.integer({ min: 1, max: 24 }),
  value: fc.oneof(fc.nat(255), fc.constantFrom(...EDGES)),
});
export const damages = fc.array(damage, { minLength: 1, maxLength: 4 });

export function applyDamages(bytes: Buffer, list: readonly Damage[]): Buffer {
  return list.reduce(applyDamage, Buffer.from(bytes));
}

function applyDamage(bytes: Buffer, { kind, at, from, size, value }: Damage): Buffer {
  if (bytes.length === 0) return bytes;
  const i = at % bytes.length;
  const source = bytes.subarray(from % bytes.length).subarray(0, size);
  const splice = (removed: number, added: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, i), added, bytes.subarray(i + removed)]);
  switch (kind) {
    case "set":
      return splice(1, Buffer.of(value));
    case "flip":
      return splice(1, Buffer.of((bytes[i] ?? 0) ^ (1 << (value % 8))));
    case "insert":
      return splice(0, Buffer.alloc(size, value));
    case "remove":
      return splice(size, Buffer.alloc(0));
    case "copy":
      return splice(source.length, source);
    case "cut":
      return bytes.subarray(0, i);
    case "number": {
      const number = Buffer.alloc(8);
      number.writeBigUInt64LE(BigInt(value) << BigInt(from % 32));
      return splice(size > 12 ? 8 : 4, number.subarray(0, size > 12 ? 8 : 4));
    }
  }
}

/** The call returns, or throws an EngineError that is the file's fault. */
export function expectReadOrRefused(call: () => unknown) {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    expect(["format", "architecture", "vocabulary"]).toContain((error as EngineError).code);
  }
}
