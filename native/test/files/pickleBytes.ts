/** Pickles by hand, in the opcodes that torch.save writes (protocol 2) or in any others. */

function unsigned(bytes: 1 | 2 | 4, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}

/** The opcode as a character or byte, then whatever follows it. */
export function opcode(code: string | number, ...rest: readonly Uint8Array[]): Buffer {
  return Buffer.concat([typeof code === "string" ? Buffer.from(code, "latin1") : Buffer.of(code), ...rest]);
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return opcode("X", unsigned(4, bytes.length), bytes);
}

export function integer(value: number): Buffer {
  if (value >= 0 && value < 256) return opcode("K", unsigned(1, value));
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return opcode(0x8a, unsigned(1, 8), bytes);
}

export const NONE = opcode("N");
export const FALSE = opcode(0x89);

export function tuple(...items: readonly Uint8Array[]): Buffer {
  return items.length === 0 ? opcode(")") : Buffer.concat([opcode("("), ...items, opcode("t")]);
}

export function list(...items: readonly Uint8Array[]): Buffer {
  return Buffer.concat([opcode("]"), opcode("("), ...items, opcode("e")]);
}

export function global(module: string, name: string): Buffer {
  return opcode("c", Buffer.from(`${module}\n${name}\n`));
}

export function call(callee: Uint8Array, ...args: readonly Uint8Array[]): Buffer {
  return Buffer.concat([callee, tuple(...args), opcode("R")]);
}

export function persistent(id: Uint8Array): Buffer {
  return Buffer.concat([id, opcode("Q")]);
}

/** Sets entries on the dictionary that `target` pushes. */
export function withEntries(
  target: Uint8Array,
  entries: readonly (readonly [Uint8Array, Uint8Array])[],
): Buffer {
  return Buffer.concat([target, opcode("("), ...entries.flat(), opcode("u")]);
}

export const EMPTY_DICT = opcode("}");
export const ORDERED_DICT = call(global("collections", "OrderedDict"));

export function pickle(body: Uint8Array, protocol = 2): Buffer {
  return Buffer.concat([opcode(0x80, unsigned(1, protocol)), body, opcode(".")]);
}
