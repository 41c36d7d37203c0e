/** torch.save files of state_dicts by hand, in the zip format and in the one before it. */

import {
  call,
  EMPTY_DICT,
  FALSE,
  global,
  integer,
  list,
  NONE,
  ORDERED_DICT,
  opcode,
  persistent,
  pickle,
  text,
  tuple,
  withEntries,
} from "./pickleBytes.js";
import { type ZipEntry, zipBytes } from "./zipBytes.js";

export interface TorchStorage {
  readonly key: string;
  /** As torch names it: `FloatStorage` ... */
  readonly type: string;
  /** Number of elements that the pickle claims. */
  readonly elements: number;
  readonly data: Uint8Array;
}
export interface TorchView {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export function floatStorage(key: string, values: readonly number[]): TorchStorage {
  const data = new Uint8Array(Float32Array.from(values).buffer);
  return { key, type: "FloatStorage", elements: values.length, data };
}

/** The whole storage, row-major. */
export function wholeView(storage: TorchStorage, shape: readonly number[]): TorchView {
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((product, size) => product * size, 1));
  return { storage, offset: 0, shape, strides };
}

/** `suffix`: what the older format adds to the persistent id. */
export function tensorPickle(
  { storage, offset, shape, strides }: TorchView,
  ...suffix: Uint8Array[]
): Buffer {
  const type = global("torch", storage.type);
  const id = tuple(
    text("storage"),
    type,
    text(storage.key),
    text("cpu"),
    integer(storage.elements),
    ...suffix,
  );
  return call(
    global("torch._utils", "_rebuild_tensor_v2"),
    persistent(id),
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    FALSE,
    ORDERED_DICT,
  );
}

export function parameterPickle(view: TorchView): Buffer {
  return call(global("torch._utils", "_rebuild_parameter"), tensorPickle(view), FALSE, ORDERED_DICT);
}

export function dictPickle(
  entries: Readonly<Record<string, Uint8Array>>,
  target: Uint8Array = EMPTY_DICT,
): Buffer {
  return withEntries(
    target,
    Object.entries(entries).map(([name, value]) => [text(name), value]),
  );
}

/** The entries of an archive around a data.pkl. */
export function archiveEntries(dataPickle: Uint8Array, storages: readonly TorchStorage[]): ZipEntry[] {
  return [
    { name: "model/data.pkl", data: dataPickle },
    ...storages.map(({ key, data }) => ({ name: `model/data/${key}`, data })),
    { name: "model/version", data: Buffer.from("3\n") },
  ];
}

function storagesOf(views: readonly TorchView[]): TorchStorage[] {
  return [...new Map(views.map(({ storage }) => [storage.key, storage])).values()];
}

export function torchBytes(
  tensors: Readonly<Record<string, TorchView>>,
  format: "zip" | "zip64" = "zip",
): Buffer {
  const entries = Object.entries(tensors).map(([name, view]) => [name, tensorPickle(view)] as const);
  const root = pickle(dictPickle(Object.fromEntries(entries)));
  return zipBytes(archiveEntries(root, storagesOf(Object.values(tensors))), format);
}

/** The stream that torch wrote before 1.6. */
export function legacyTorchBytes(tensors: Readonly<Record<string, TorchView>>): Buffer {
  const magic = Buffer.from("6cfc9c46f9206aa85019", "hex");
  const system = { protocol_version: integer(1001), little_endian: opcode(0x88) };
  const entries = Object.entries(tensors).map(([name, view]) => [name, tensorPickle(view, NONE)] as const);
  const storages = storagesOf(Object.values(tensors));
  return Buffer.concat([
    pickle(opcode(0x8a, Buffer.of(10), magic)),
    pickle(integer(1001)),
    pickle(dictPickle(system)),
    pickle(dictPickle(Object.fromEntries(entries))),
    pickle(list(...storages.map(({ key }) => text(key)))),
    ...storages.flatMap(({ elements, data }) => {
      const count = Buffer.alloc(8);
      count.writeBigInt64LE(BigInt(elements));
      return [count, data];
    }),
  ]);
}
