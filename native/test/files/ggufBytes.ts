/** GGUF files by hand, valid or not: what a hostile or broken writer could produce. */

export interface GgufTensor {
  readonly name: string;
  /** Innermost first, as in the file. */
  readonly dimensions: readonly (number | bigint)[];
  /** ggml's number of the type. */
  readonly type: number;
  readonly data: Uint8Array;
  /** Default: right behind the tensor before, aligned. */
  readonly offset?: bigint;
}
type Value =
  | { readonly kind: "u32" | "i32" | "f32"; readonly value: number }
  | { readonly kind: "u64" | "i64"; readonly value: bigint }
  | { readonly kind: "text"; readonly value: string | Uint8Array }
  | { readonly kind: "bool"; readonly value: number }
  | {
      readonly kind: "array";
      readonly element: number;
      readonly items: readonly Buffer[];
      readonly count?: bigint;
    };

export interface GgufParts {
  readonly version?: number;
  readonly alignment?: number;
  readonly metadata?: readonly (readonly [string, Value])[];
  readonly tensors?: readonly GgufTensor[];
  /** Default: as many as there are. */
  readonly tensorCount?: bigint;
  readonly entryCount?: bigint;
}

const TYPE_NUMBERS = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9, u64: 10, i64: 11 } as const;

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** A text with its length before it. */
export function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

export function f32Bytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function valueBytes(value: Value): Buffer {
  switch (value.kind) {
    case "u32":
      return u32(value.value);
    case "i32":
      return u32(value.value >>> 0);
    case "f32":
      return Buffer.from(f32Bytes(value.value));
    case "bool":
      return Buffer.of(value.value);
    case "u64":
    case "i64":
      return u64(BigInt.asUintN(64, value.value));
    case "text":
      return text(value.value);
    case "array":
      return Buffer.concat([u32(value.element), u64(value.count ?? value.items.length), ...value.items]);
  }
}

function padding(bytes: number, alignment: number): Buffer {
  return Buffer.alloc((alignment - (bytes % alignment)) % alignment);
}

export function ggufBytes(parts: GgufParts): Buffer {
  const { version = 3, alignment = 32, metadata = [], tensors = [] } = parts;
  const header = [
    Buffer.from("GGUF"),
    u32(version),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.entryCount ?? metadata.length),
    ...metadata.flatMap(([key, value]) => [text(key), u32(TYPE_NUMBERS[value.kind]), valueBytes(value)]),
  ];
  const data: Buffer[] = [];
  let begin = 0;
  for (const tensor of tensors) {
    header.push(text(tensor.name), u32(tensor.dimensions.length), ...tensor.dimensions.map(u64));
    header.push(u32(tensor.type), u64(tensor.offset ?? begin));
    const padded = [Buffer.from(tensor.data), padding(tensor.data.length, alignment)];
    data.push(...padded);
    begin += padded.reduce((sum, { length }) => sum + length, 0);
  }
  const front = Buffer.concat(header);
  return Buffer.concat([front, padding(front.length, alignment), ...data]);
}
