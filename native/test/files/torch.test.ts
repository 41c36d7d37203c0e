import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTensors } from "../../lib/files.js";
import { expectEngineError } from "../expectEngineError.js";
import { scratchFolder } from "../scratchFolder.js";
import {
  call,
  EMPTY_DICT,
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
import {
  archiveEntries,
  dictPickle,
  floatStorage,
  legacyTorchBytes,
  parameterPickle,
  type TorchStorage,
  type TorchView,
  tensorPickle,
  torchBytes,
  wholeView,
} from "./torchBytes.js";
import { zipBytes } from "./zipBytes.js";

const scratch = scratchFolder();
const read = (bytes: Uint8Array) => readTensors(scratch.write("model.pth", bytes));
const six = floatStorage("0", [0, 1, 2, 3, 4, 5]);
const whole = wholeView(six, [2, 3]);

function valuesOf(bytes: Uint8Array) {
  return Object.fromEntries(
    read(bytes).tensors.map(({ name, shape, values }) => [name, [shape, [...values]]]),
  );
}

describe("reading", () => {
  const views: Record<string, TorchView> = {
    whole,
    transposed: { storage: six, offset: 0, shape: [3, 2], strides: [1, 3] },
    "second row": { storage: six, offset: 3, shape: [3], strides: [1] },
    "every other": { storage: six, offset: 1, shape: [3], strides: [2] },
    "last number": { storage: six, offset: 5, shape: [], strides: [] },
    "size one, odd stride": { storage: six, offset: 4, shape: [1, 2], strides: [77, 1] },
    empty: { storage: floatStorage("1", []), offset: 0, shape: [0, 4], strides: [4, 1] },
    "empty with an offset": { storage: six, offset: 6, shape: [2, 0], strides: [1, 1] },
  };
  const expected = {
    whole: [
      [2, 3],
      [0, 1, 2, 3, 4, 5],
    ],
    transposed: [
      [3, 2],
      [0, 3, 1, 4, 2, 5],
    ],
    "second row": [[3], [3, 4, 5]],
    "every other": [[3], [1, 3, 5]],
    "last number": [[], [5]],
    "size one, odd stride": [
      [1, 2],
      [4, 5],
    ],
    empty: [[0, 4], []],
    "empty with an offset": [[2, 0], []],
  };

  test("resolves views of shared storages", () => expect(valuesOf(torchBytes(views))).toEqual(expected));
  test("reads zip64", () => expect(valuesOf(torchBytes(views, "zip64"))).toEqual(expected));
  test("reads the format before torch 1.6", () =>
    expect(valuesOf(legacyTorchBytes(views))).toEqual(expected));

  test("reads a large strided tensor", () => {
    const values = Array.from({ length: 70 * 90 }, (_, i) => i);
    const storage = floatStorage("0", values);
    const bytes = torchBytes({ x: { storage, offset: 0, shape: [90, 7, 10], strides: [1, 900, 90] } });
    const actual = read(bytes).tensors[0]?.values ?? [];
    expect([...actual]).toEqual(values.map((_, i) => Math.floor(i / 70) + (i % 70) * 90));
  });

  test.each<[string, Uint8Array, number[]]>([
    ["BFloat16Storage", Uint8Array.of(0xc0, 0x3f, 0x00, 0xc0), [1.5, -2]],
    ["HalfStorage", Uint8Array.of(0x00, 0x3e, 0x00, 0xc0), [1.5, -2]],
    ["DoubleStorage", new Uint8Array(Float64Array.of(0.1, -2).buffer), [0.1, -2]],
    ["IntStorage", new Uint8Array(Int32Array.of(7, -7).buffer), [7, -7]],
    ["ShortStorage", new Uint8Array(Int16Array.of(7, -7).buffer), [7, -7]],
    ["CharStorage", new Uint8Array(Int8Array.of(7, -7).buffer), [7, -7]],
    ["ByteStorage", Uint8Array.of(7, 200), [7, 200]],
    ["BoolStorage", Uint8Array.of(1, 0), [1, 0]],
  ])("reads %s", (type, data, values) => {
    const storage: TorchStorage = { key: "0", type, elements: 2, data };
    expect(valuesOf(torchBytes({ x: wholeView(storage, [2]) }))).toEqual({ x: [[2], values] });
  });

  const archive = (root: Uint8Array) => zipBytes(archiveEntries(root, [six]));
  test("reads parameters, an OrderedDict and the _metadata that modules add", () => {
    const metadata = dictPickle({ _metadata: dictPickle({ "": dictPickle({ version: integer(1) }) }) });
    const root = Buffer.concat([
      dictPickle({ p: parameterPickle(whole), x: tensorPickle(whole) }, ORDERED_DICT),
      metadata,
      opcode("b"),
    ]);
    expect(Object.keys(valuesOf(archive(pickle(root))))).toEqual(["p", "x"]);
  });

  test("reads protocol 4: frames, short texts, the memo, globals from the stack", () => {
    const short = (value: string) => opcode(0x8c, Buffer.of(value.length), Buffer.from(value));
    const stackGlobal = (module: string, name: string) =>
      Buffer.concat([short(module), short(name), opcode(0x93), opcode(0x94)]);
    const id = tuple(
      short("storage"),
      stackGlobal("torch", "FloatStorage"),
      short("0"),
      short("cpu"),
      integer(6),
    );
    const tensor = call(
      stackGlobal("torch._utils", "_rebuild_tensor_v2"),
      persistent(id),
      integer(0),
      call(stackGlobal("torch", "Size"), Buffer.concat([integer(2), integer(3), opcode(0x86)])),
      Buffer.concat([integer(3), integer(1), opcode(0x86)]),
      opcode(0x89),
      call(stackGlobal("collections", "OrderedDict")),
    );
    // The tensor is memoised as number 4 and recalled under a second name.
    const root = withEntries(EMPTY_DICT, [
      [short("a"), Buffer.concat([tensor, opcode(0x94)])],
      [short("b"), opcode("h", Buffer.of(4))],
    ]);
    const body = Buffer.concat([opcode(0x95, Buffer.alloc(8)), root]);
    expect(valuesOf(archive(pickle(body, 4)))).toEqual({
      a: [
        [2, 3],
        [0, 1, 2, 3, 4, 5],
      ],
      b: [
        [2, 3],
        [0, 1, 2, 3, 4, 5],
      ],
    });
  });

  test("passes NaN on: judging values is the loader's", () => {
    const storage = floatStorage("0", [Number.NaN]);
    expect(valuesOf(torchBytes({ x: wholeView(storage, [1]) }))).toEqual({ x: [[1], [Number.NaN]] });
  });
});

describe("a pickle that would run a command", () => {
  const marker = join(scratch.path, "the-command-ran");
  const command = text(`touch '${marker}'`);
  const attempts: [string, Uint8Array, string][] = [
    ["through posix.system", call(global("posix", "system"), command), "posix system"],
    ["through os.system", call(global("os", "system"), command), "os system"],
    ["through subprocess", call(global("subprocess", "Popen"), list(command)), "subprocess Popen"],
    ["through eval", call(global("builtins", "eval"), text("1")), "builtins eval"],
    ["through getattr", call(global("builtins", "getattr"), NONE, text("x")), "builtins getattr"],
    [
      "through a name like torch's",
      call(global("torch._utils", "_import_dotted_name"), command),
      "_import_dotted_name",
    ],
    [
      "through the stack",
      Buffer.concat([text("posix"), text("system"), opcode(0x93), tuple(command), opcode("R")]),
      "posix system",
    ],
    [
      "through INST",
      Buffer.concat([opcode("("), command, opcode("i", Buffer.from("posix\nsystem\n"))]),
      "instruction 105",
    ],
    [
      "through OBJ",
      Buffer.concat([opcode("("), global("posix", "system"), command, opcode("o")]),
      "posix system",
    ],
    ["through NEWOBJ", Buffer.concat([ORDERED_DICT, tuple(command), opcode(0x81)]), "instruction 129"],
    ["through an extension code", opcode(0x82, Buffer.of(1)), "instruction 130"],
    ["by calling a text", call(text("posix.system"), command), "no function"],
    ["by calling a dictionary", call(EMPTY_DICT, command), "no function"],
  ];
  const expectRefused = (bytes: Uint8Array, message: string) => {
    expectEngineError(() => read(bytes), "format", message);
    expect(existsSync(marker)).toBe(false);
  };

  test.each(attempts)("is refused as an entry, %s", (_name, value, message) => {
    expectRefused(zipBytes(archiveEntries(pickle(dictPickle({ x: value })), [])), message);
  });
  test.each(attempts)("is refused as the whole, %s", (_name, value, message) => {
    expectRefused(zipBytes(archiveEntries(pickle(value), [])), message);
  });
  test("is refused in the format before torch 1.6", () => {
    const bytes = legacyTorchBytes({});
    const system = pickle(call(global("posix", "system"), command));
    expectRefused(Buffer.concat([bytes.subarray(0, 15), system, bytes.subarray(15)]), "posix system");
  });
  test("is refused when it hides in what BUILD would set", () => {
    const root = Buffer.concat([ORDERED_DICT, call(global("posix", "system"), command), opcode("b")]);
    expectRefused(zipBytes(archiveEntries(pickle(root), [])), "posix system");
  });
});

describe("refusing views", () => {
  const view = (change: Partial<TorchView>): TorchView => ({ ...whole, ...change });
  test.each<[string, TorchView, string]>([
    ["one element too far", view({ offset: 1 }), "beyond the end"],
    ["a stride too far", view({ strides: [4, 1] }), "beyond the end"],
    ["an offset after the end", view({ offset: 6, shape: [1], strides: [1] }), "begins after the end"],
    ["a huge offset", view({ offset: 2 ** 62 }), "begins after the end"],
    ["a huge stride", view({ shape: [2], strides: [2 ** 62] }), "beyond the end"],
    ["strides that overflow together", view({ shape: [2, 2, 1], strides: [2 ** 62, 2 ** 62, 1] }), "beyond"],
    ["more elements than the storage", view({ shape: [7], strides: [0] }), "more elements"],
    ["a shape that overflows", view({ shape: [2 ** 40, 2 ** 40], strides: [0, 0] }), "more elements"],
    ["a negative stride", view({ shape: [2], strides: [-1] }), "no whole number"],
    ["a negative offset", view({ offset: -1 }), "no whole number"],
    ["a negative size", view({ shape: [-2], strides: [1] }), "no whole number"],
    ["strides for another shape", view({ strides: [1] }), "different lengths"],
    ["too many dimensions", view({ shape: Array(17).fill(1), strides: Array(17).fill(1) }), "dimensions"],
    ["a storage that is not there", view({ storage: { ...six, key: "9", data: six.data } }), ""],
    [
      "a type of storage that is unknown",
      view({ storage: { ...six, type: "ComplexFloatStorage" } }),
      "ComplexFloat",
    ],
  ])("refuses %s", (name, bad, message) => {
    const entries = name.includes("not there") ? [] : [bad.storage];
    const bytes = zipBytes(archiveEntries(pickle(dictPickle({ x: tensorPickle(bad) })), entries));
    expectEngineError(() => read(bytes), "format", message || "lacks the storage `9`");
  });

  test("refuses a storage shorter than it claims", () => {
    for (const elements of [7, 2 ** 40, 2 ** 62]) {
      const bytes = torchBytes({ x: { ...whole, storage: { ...six, elements } } });
      expectEngineError(() => read(bytes), "format", "shorter than its tensors need");
    }
    const legacy = legacyTorchBytes({ x: { ...whole, storage: { ...six, elements: 2 ** 62 } } });
    expectEngineError(() => read(legacy), "format", "truncated");
  });
});

describe("refusing pickles", () => {
  const archive = (root: Uint8Array) => zipBytes(archiveEntries(root, [six]));
  test.each<[string, Uint8Array, string]>([
    ["a list at the top", pickle(list(tensorPickle(whole))), "dictionary of tensors"],
    ["an entry that is no tensor", pickle(dictPickle({ epoch: integer(3) })), "`epoch` is not a tensor"],
    ["a nested dictionary", pickle(dictPickle({ model: dictPickle({}) })), "`model` is not a tensor"],
    [
      "a name that is no text",
      pickle(withEntries(EMPTY_DICT, [[integer(1), tensorPickle(whole)]])),
      "no text",
    ],
    [
      "a name used twice",
      pickle(
        withEntries(
          EMPTY_DICT,
          [1, 2].map(() => [text("x"), tensorPickle(whole)] as const),
        ),
      ),
      "occurs twice",
    ],
    [
      "a key without a value",
      pickle(Buffer.concat([EMPTY_DICT, opcode("("), text("x"), opcode("u")])),
      "without a value",
    ],
    ["no instruction at all", Buffer.alloc(0), "ends in the middle"],
    ["no end", pickle(EMPTY_DICT).subarray(0, -1), "ends in the middle"],
    ["an empty stack", pickle(opcode("R")), "empty stack"],
    ["a mark that is not there", pickle(opcode("t")), "mark"],
    ["a memo that is not there", pickle(opcode("h", Buffer.of(9))), "never stored"],
    ["items added to a number", pickle(Buffer.concat([integer(1), integer(2), opcode("a")])), "holds none"],
    ["a long text", pickle(opcode("X", Buffer.of(0xff, 0xff, 0xff, 0x7f))), "more than 65536 bytes"],
    ["a huge integer", pickle(opcode(0x8a, Buffer.of(9), Buffer.alloc(9, 1))), "too large"],
    ["protocol 5", pickle(EMPTY_DICT, 5), "protocol 5"],
    ["endless instructions", pickle(Buffer.alloc(2 ** 20 + 9, "N")), "more than 1048576 instructions"],
    [
      "a storage described otherwise",
      pickle(
        dictPickle({
          x: call(
            global("torch._utils", "_rebuild_tensor_v2"),
            persistent(tuple(text("other"))),
            integer(0),
            tuple(),
            tuple(),
          ),
        }),
      ),
      "storage",
    ],
    [
      "a tensor without storage",
      pickle(
        dictPickle({
          x: call(global("torch._utils", "_rebuild_tensor_v2"), NONE, integer(0), tuple(), tuple()),
        }),
      ),
      "no storage",
    ],
    [
      "a tensor without arguments",
      pickle(dictPickle({ x: call(global("torch._utils", "_rebuild_tensor_v2")) })),
      "lacks arguments",
    ],
  ])("refuses %s", (_name, root, message) => {
    expectEngineError(() => read(archive(root)), "format", message);
  });

  test("survives a dictionary that holds itself", () => {
    // {} memoised, then set as its own value.
    const root = Buffer.concat([
      EMPTY_DICT,
      opcode("q", Buffer.of(0)),
      text("x"),
      opcode("h", Buffer.of(0)),
      opcode("s"),
    ]);
    expectEngineError(() => read(archive(pickle(root))), "format", "`x` is not a tensor");
  });

  test("refuses a bare pickle", () => {
    expectEngineError(() => read(pickle(dictPickle({}))), "format", "bare pickle");
  });
});

describe("refusing archives", () => {
  const [root, storage, version] = archiveEntries(pickle(dictPickle({ x: tensorPickle(whole) })), [six]);
  if (!root || !storage || !version) throw new Error("an archive has three entries");
  const good = zipBytes([root, storage, version]);

  test.each<[string, Uint8Array, string]>([
    ["compression", zipBytes([root, { ...storage, method: 8 }]), "compressed"],
    ["encryption", zipBytes([root, { ...storage, flags: 1 }]), "encrypted"],
    [
      "entries that overlap",
      zipBytes([root, { ...storage, claimedSize: storage.data.length + 40 }, version]),
      "overlap",
    ],
    [
      "two entries in one place",
      zipBytes([root, storage, { ...storage, name: "model/other", claimedBegin: 0 }]),
      "two different names",
    ],
    ["an entry beyond the end", zipBytes([root, { ...storage, claimedSize: 2 ** 31 }]), "outside the file"],
    [
      "an entry far beyond the end",
      zipBytes([root, { ...storage, claimedSize: 2 ** 52 }], "zip64"),
      "outside the file",
    ],
    [
      "an entry that begins beyond the end",
      zipBytes([root, { ...storage, claimedBegin: 2 ** 31 }]),
      "does not lie where",
    ],
    [
      "an entry that begins elsewhere",
      zipBytes([root, { ...storage, claimedBegin: 1 }]),
      "does not lie where",
    ],
    [
      "another name at the place",
      zipBytes([root, { ...storage, localName: "model/data/1" }]),
      "two different names",
    ],
    ["an entry that exists twice", zipBytes([root, storage, storage]), "exists twice"],
    ["two models", zipBytes([root, { ...root, name: "other/data.pkl" }, storage]), "two models"],
    ["no model", zipBytes([version]), "no data.pkl"],
    [
      "big-endian numbers",
      zipBytes([root, storage, { name: "model/byteorder", data: Buffer.from("big") }]),
      "little-endian",
    ],
    ["no directory", good.subarray(0, -22), "without its directory"],
    ["only the first bytes", good.subarray(0, 10), "truncated"],
  ])("refuses %s", (_name, bytes, message) => {
    expectEngineError(() => read(bytes), "format", message);
  });

  test("finds the directory before a comment", () => {
    const comment = Buffer.from("written by hand");
    const bytes = Buffer.concat([good, comment]);
    bytes.writeUInt16LE(comment.length, good.length - 2);
    expect(read(bytes).tensors).toHaveLength(1);
  });
});
