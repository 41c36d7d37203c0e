/** safetensors files by hand, valid or not: what a hostile or broken writer could produce. */

/** Header (JSON text, or a value to turn into it) and data, with the true header length or a made-up one. */
export function safetensorsBytes(
  header: unknown,
  data: Uint8Array = new Uint8Array(),
  headerBytes?: bigint,
): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerBytes ?? BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function f32(shape: readonly number[], begin: number, end: number): Entry {
  return { dtype: "F32", shape, data_offsets: [begin, end] };
}
