/**
 * Token files as RWKV's own trainers read them ("binidx", Megatron's MMapIndexedDataset): `NAME.bin`, 16-bit
 * little-endian ids of one document after another, and `NAME.idx`, which says how long each document is and where it
 * begins (formats.md D5).
 */

const MAGIC = "MMIDIDX\0\0";
const VERSION = 1n;
/** Megatron's code for uint16. */
const UINT16 = 8;
const HEADER_BYTES = MAGIC.length + 8 + 1 + 8 + 8;

export function littleEndian(tokens: Uint32Array): Buffer {
  const bytes = Buffer.alloc(2 * tokens.length);
  for (const [index, token] of tokens.entries()) bytes.writeUInt16LE(token, 2 * index);
  return bytes;
}

export function fromLittleEndian(file: Buffer): Uint16Array {
  const tokens = new Uint16Array(file.length / 2);
  for (let i = 0; i < tokens.length; i++) tokens[i] = file.readUInt16LE(2 * i);
  return tokens;
}

/** The index of documents of these lengths, in tokens, in order. */
export function indexOf(lengths: readonly number[]): Buffer {
  const count = lengths.length;
  const file = Buffer.alloc(HEADER_BYTES + 4 * count + 8 * count + 8 * (count + 1));
  let at = file.write(MAGIC, "latin1");
  at = file.writeBigUInt64LE(VERSION, at);
  at = file.writeUInt8(UINT16, at);
  at = file.writeBigUInt64LE(BigInt(count), at);
  at = file.writeBigUInt64LE(BigInt(count + 1), at);
  for (const length of lengths) at = file.writeInt32LE(length, at);
  let offset = 0;
  for (const length of lengths) {
    at = file.writeBigInt64LE(BigInt(offset), at);
    offset += 2 * length;
  }
  for (let document = 0; document <= count; document++) at = file.writeBigInt64LE(BigInt(document), at);
  return file;
}

/** The lengths in an index, or undefined where it is none of 16-bit ids. */
export function lengthsIn(file: Buffer): readonly number[] | undefined {
  if (file.length < HEADER_BYTES || file.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const isKnown = file.readBigUInt64LE(MAGIC.length) === VERSION && file[MAGIC.length + 8] === UINT16;
  const count = Number(file.readBigUInt64LE(MAGIC.length + 9));
  if (!isKnown || file.length < HEADER_BYTES + 4 * count) return undefined;
  return Array.from({ length: count }, (_, index) => file.readInt32LE(HEADER_BYTES + 4 * index));
}
