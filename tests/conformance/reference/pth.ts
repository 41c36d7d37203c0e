/**
 * Writes `torch.save` archives without PyTorch: an uncompressed zip with `data.pkl` and one file per storage, as
 * PyTorch's documented format has it (torch/serialization.py, torch/_utils.py name the globals). Tensors may be any
 * strided view of a storage, so that readers meet what real files hold.
 */

import { writeFileSync } from "node:fs";
import { type DType, encodeValues } from "./values.js";
import { zip } from "./zip.js";

export interface Storage {
  readonly key: string;
  readonly dtype: DType;
  readonly values: ArrayLike<number>;
}

/** A view: entry (i, j, …) is `storage.values[offset + i stride[0] + j stride[1] + …]`. */
export interface View {
  readonly storage: Storage;
  readonly offset?: number;
  readonly shape: readonly number[];
  /** Default: row-major. */
  readonly stride?: readonly number[];
  /** Wrapped as torch.nn.Parameter. */
  readonly isParameter?: boolean;
}

interface PthOptions {
  readonly path: string;
  readonly tensors: Readonly<Record<string, View>>;
  /** `ordered`: an OrderedDict with a `_metadata` attribute, as nn.Module.state_dict() gives. */
  readonly container: "dict" | "ordered";
  readonly protocol: 2 | 4;
}

const STORAGES: Readonly<Record<DType, string>> = {
  F32: "FloatStorage",
  F64: "DoubleStorage",
  F16: "HalfStorage",
  BF16: "BFloat16Storage",
  I32: "IntStorage",
  I64: "LongStorage",
};

export function writePth(options: PthOptions): void {
  const storages = new Map(Object.values(options.tensors).map(({ storage }) => [storage.key, storage]));
  const files = new Map([["archive/data.pkl", pickle(options)]]);
  for (const { key, dtype, values } of storages.values())
    files.set(`archive/data/${key}`, encodeValues(dtype, values));
  files.set("archive/version", Buffer.from("3\n"));
  writeFileSync(options.path, zip(files));
}

/** Row-major values of a view. */
export function viewed({ storage, shape, offset = 0, stride = rowMajor(shape) }: View): number[] {
  return shape
    .reduce<number[]>(
      (starts, size, axis) =>
        starts.flatMap((start) => Array.from({ length: size }, (_, i) => start + i * (stride[axis] ?? 0))),
      [offset],
    )
    .map((index) => storage.values[index] ?? Number.NaN);
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

/** One writer of opcodes per pickle; globals and strings that come again are taken from the memo. */
function pickle({ tensors, container, protocol }: PthOptions): Buffer {
  const parts: Buffer[] = [];
  const memo = new Map<string, number>();
  const put = (...bytes: (number | string | Buffer)[]) =>
    parts.push(...bytes.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part))));
  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const remember = (key: string, write: () => void) => {
    const known = memo.get(key);
    if (known !== undefined) return known < 256 ? put("h", known) : put("j", uint32(known)); // BINGET, LONG_BINGET
    write();
    const index = memo.size;
    memo.set(key, index);
    if (protocol === 4)
      put(0x94); // MEMOIZE
    else if (index < 256)
      put("q", index); // BINPUT
    else put("r", uint32(index)); // LONG_BINPUT
  };
  const text = (value: string) =>
    remember(`text ${value}`, () => {
      const bytes = Buffer.from(value);
      if (protocol === 4 && bytes.length < 256)
        put(0x8c, bytes.length, bytes); // SHORT_BINUNICODE
      else put("X", uint32(bytes.length), bytes); // BINUNICODE
    });
  const global = (module: string, name: string) =>
    remember(`global ${module}.${name}`, () => {
      if (protocol === 2) return put(`c${module}\n${name}\n`); // GLOBAL
      text(module);
      text(name);
      put(0x93); // STACK_GLOBAL
    });
  const int = (value: number) => {
    if (value < 256)
      put("K", value); // BININT1
    else if (value < 65536)
      put("M", uint32(value).subarray(0, 2)); // BININT2
    else put("J", uint32(value)); // BININT
  };
  const tuple = (items: () => void) => {
    put("("); // MARK
    items();
    put("t"); // TUPLE
  };
  const emptyOrderedDict = () => {
    global("collections", "OrderedDict");
    put(")", "R"); // EMPTY_TUPLE, REDUCE
  };
  const tensor = ({ storage, shape, offset = 0, stride = rowMajor(shape) }: View) => {
    global("torch._utils", "_rebuild_tensor_v2");
    tuple(() => {
      tuple(() => {
        text("storage");
        global("torch", STORAGES[storage.dtype]);
        text(storage.key);
        text("cpu");
        int(storage.values.length);
      });
      put("Q"); // BINPERSID
      int(offset);
      tuple(() => shape.forEach(int));
      tuple(() => stride.forEach(int));
      put(0x89); // NEWFALSE
      emptyOrderedDict();
    });
    put("R");
  };
  const parameter = (view: View) => {
    global("torch._utils", "_rebuild_parameter");
    tuple(() => {
      tensor(view);
      put(0x88); // NEWTRUE
      emptyOrderedDict();
    });
    put("R");
  };

  put(0x80, protocol);
  if (container === "dict")
    put("}"); // EMPTY_DICT
  else emptyOrderedDict();
  put("(");
  for (const [name, view] of Object.entries(tensors)) {
    text(name);
    if (view.isParameter) parameter(view);
    else tensor(view);
  }
  put("u"); // SETITEMS
  if (container === "ordered") {
    put("}");
    text("_metadata");
    emptyOrderedDict();
    put("s", "b"); // SETITEM, BUILD
  }
  put("."); // STOP
  return Buffer.concat(parts);
}
