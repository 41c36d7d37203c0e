import { createHash } from "node:crypto";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "../../lib/tokenizer.js";
import { conformanceJson, conformancePath, NO_GOLDEN } from "../conformanceFolder.js";
import { expectEngineError } from "../expectEngineError.js";
import { applyDamages, damages, expectReadOrRefused } from "../files/damage.js";
import { scratchFolder } from "../scratchFolder.js";
import { naiveEncode, SINGLE_BYTES, vocabularyText, withSingleBytes } from "../tinyVocabulary.js";

const scratch = scratchFolder();
const open = (text: string | Uint8Array) => loadTokenizer(scratch.write("vocab.txt", text));
const utf8 = (text: string) => new TextEncoder().encode(text);
const WORLD = resolve(import.meta.dirname, "../../../daemon/model/world/rwkv_vocab_v20230424.txt");

describe("a small vocabulary", () => {
  const words = ["ab", "abc", "abcde", "bcd", "  ", "\n\n", "ü", "😀", "'\"\\"];
  const text = vocabularyText(withSingleBytes(words.map(utf8)));
  const tokenizer = open(text);
  const idOf = (word: string) => 257 + words.indexOf(word);

  test.each<[string, number[]]>([
    ["", []],
    ["abc", [idOf("abc")]],
    ["abcd", [idOf("abc"), 101]],
    ["abcde", [idOf("abcde")]],
    ["abcdabcde", [idOf("abc"), 101, idOf("abcde")]],
    ["xbcd", [121, idOf("bcd")]],
    ["   ", [idOf("  "), 33]],
    ["\n\n\n\n", [idOf("\n\n"), idOf("\n\n")]],
    ["aü😀", [98, idOf("ü"), idOf("😀")]],
    ["\0", [1]],
    ["'\"\\", [idOf("'\"\\")]],
  ])("splits %j by the longest match", (input, tokens) => {
    expect([...tokenizer.encode(input)]).toEqual(tokens);
    expect(tokenizer.decode(Uint32Array.from(tokens))).toBe(input);
  });

  test("knows its size, its hash and its tokens", () => {
    expect(tokenizer.size).toBe(257 + words.length);
    expect(tokenizer.hash).toBe(createHash("sha256").update(text).digest("hex"));
    expect(tokenizer.bytesOf(idOf("😀"))).toEqual(utf8("😀"));
    expect(tokenizer.bytesOf(0)).toEqual(new Uint8Array());
    for (const id of [tokenizer.size, -1, 1.5, Number.NaN]) expect(tokenizer.bytesOf(id)).toBeUndefined();
  });

  test("decodes id 0 to nothing, and refuses ids without an entry", () => {
    expect(tokenizer.decode(Uint32Array.of(0, 98, 0))).toBe("a");
    expectEngineError(() => tokenizer.decode(Uint32Array.of(98, 900)), "token", "900");
    const sparse = open(`${text}5000 'xyz' 3\n`);
    expect(sparse.size).toBe(5001);
    expectEngineError(() => sparse.decodeBytes(Uint32Array.of(4000)), "token", "4000");
  });

  test("decodes what is not UTF-8 to U+FFFD, and keeps a byte order mark", () => {
    expect(tokenizer.decode(tokenizer.encode(Uint8Array.of(97, 0xff, 0x98)))).toBe("a\ufffd\ufffd");
    expect(tokenizer.decode(tokenizer.encode("\ufeffa"))).toBe("\ufeffa");
  });

  test("encodes half a surrogate pair as U+FFFD, like everything in JavaScript", () => {
    expect(tokenizer.decode(tokenizer.encode("a\ud800b"))).toBe("a\ufffdb");
  });

  test("names the byte that no token begins with", () => {
    const partial = open("1 'a' 1\n7 'ab' 2\n");
    expect([...partial.encode("aba")]).toEqual([7, 1]);
    expectEngineError(() => partial.encode("aé"), "vocabulary", "byte 0xc3");
    expectEngineError(() => partial.encode("b"), "vocabulary", "byte 0x62");
  });
});

describe("any vocabulary", () => {
  // Few different bytes, so that tokens share beginnings and matches have to back up.
  const bytes = (maxLength: number) =>
    fc.uint8Array({ minLength: 1, maxLength, max: 3 }).map((array) => array.map((byte) => byte * 85));
  const tokens = fc.uniqueArray(
    bytes(9).filter((token) => token.length > 1),
    { maxLength: 60, selector: (token) => token.join() },
  );

  test("splits any text by the longest match, and gives it back", () => {
    fc.assert(
      fc.property(tokens, fc.array(bytes(200), { maxLength: 4 }), (list, texts) => {
        const entries = withSingleBytes(list);
        const tokenizer = open(vocabularyText(entries));
        for (const text of texts) {
          const encoded = tokenizer.encode(text);
          expect([...encoded]).toEqual(naiveEncode(entries, text));
          expect(tokenizer.decodeBytes(encoded)).toEqual(text);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("may have ids in any order", () => {
    const shuffled = [...SINGLE_BYTES].reverse().map(({ bytes: [byte = 0], id }) => ({
      id: 3 * id,
      bytes: Uint8Array.of(byte),
    }));
    expect([...open(vocabularyText(shuffled)).encode(Uint8Array.of(0, 255))]).toEqual([3, 768]);
  });
});

describe("literals", () => {
  test.each<[string, string | Uint8Array]>([
    ["'a'", "a"],
    ["'\\t\\n\\r\\\\\\'\\\"'", "\t\n\r\\'\""],
    ['"it\'s"', "it's"],
    ["'\"'", '"'],
    ["'\\x00\\x7f'", "\0\x7f"],
    ["'\\xe9'", "é"],
    ["'\\u20ac\\U0001f600'", "€😀"],
    ["'é€😀'", "é€😀"],
    ["'a b  c'", "a b  c"],
    ["' '", " "],
    ["b'a\\xff\\x00'", Uint8Array.of(97, 255, 0)],
    ['b"\'"', "'"],
  ])("reads %s", (source, expected) => {
    const bytes = typeof expected === "string" ? utf8(expected) : expected;
    expect(open(`1 ${source} ${bytes.length}\n`).bytesOf(1)).toEqual(bytes);
  });

  test.each([
    ["'\\101'", "escape"],
    ["'\\0'", "escape"],
    ["'\\a'", "escape"],
    ["'\\N{DASH}'", "escape"],
    ["'\\x4'", "escape"],
    ["'\\x+1'", "escape"],
    ["'\\'", "escape"],
    ["b'\\u0041'", "escape"],
    ["'\\ud800'", "no Unicode character"],
    ["'\\U00110000'", "no Unicode character"],
    ["b'é'", "ASCII"],
    ["'a'b'", "unescaped quote"],
    ["'a\"", "quotes"],
    ["a", "quotes"],
    ["'", "quotes"],
    ["u'a'", "quotes"],
    ["''", "no bytes"],
  ])("refuses %s", (source, message) => {
    expectEngineError(() => open(`1 ${source} 1\n`), "vocabulary", message);
  });
});

describe("refusing vocabularies", () => {
  test.each([
    ["an empty file", "", "empty"],
    ["a line without length", "1 'a'\n", "line 1: expected"],
    ["a line of one word", "1\n", "line 1: expected"],
    ["an empty line", "1 'a' 1\n\n2 'b' 1\n", "line 2: expected"],
    ["id 0", "0 'a' 1\n", "line 1: the id"],
    ["an id too high", "1048577 'a' 1\n", "line 1: the id"],
    ["a negative id", "-1 'a' 1\n", "line 1: the id"],
    ["an id that is no number", "1x 'a' 1\n", "line 1: the id"],
    ["an id used twice", "1 'a' 1\n2 'b' 1\n1 'c' 1\n", "line 3: id 1 was used before, in line 1"],
    ["a token used twice", "1 'b' 1\n2 'a' 1\n3 b'\\x61' 1\n", "line 3: the same token stands in line 2"],
    ["a wrong length", "1 'a' 2\n", "line 1: the length"],
    ["a length counted in characters", "1 'é' 1\n", "line 1: the length"],
    ["a length that is no number", "1 'a' x\n", "line 1: the length"],
    ["a token of more than 1024 bytes", `1 '${"a".repeat(1025)}' 1025\n`, "line 1: the token is longer"],
    ["a very long line", `1 'a' 1\n2 '${"a".repeat(50_000_000)}' 1\n`, "too large"],
    ["a long line", `1 'a' 1\n2 '${"a".repeat(100_000)}' 1\n`, "line 2: the line is too long"],
    ["text that is not UTF-8", Buffer.from("1 '\xff' 1\n", "latin1"), "line 1: the literal is not UTF-8"],
    ["a model", Buffer.from("\x80\0\0\0\0\0\0\0{}", "latin1"), "line 1"],
  ])("refuses %s", (_name, text, message) => {
    expectEngineError(() => open(text), "vocabulary", message);
  });

  test("takes a token of 1024 bytes, a last line without end, and CRLF", () => {
    const long = "a".repeat(1024);
    expect(open(`1 '${long}' 1024\r\n2 'b' 1`).decode(Uint32Array.of(1, 2))).toBe(`${long}b`);
  });

  test("refuses a file that is not there, and arguments of the wrong type", () => {
    expectEngineError(() => loadTokenizer("/does/not/exist"), "file", "/does/not/exist");
    expect(() => loadTokenizer("")).toThrow(TypeError);
    const tokenizer = open("1 'a' 1\n");
    expect(() => tokenizer.encode(1 as unknown as string)).toThrow(TypeError);
    expect(() => tokenizer.decode([1] as unknown as Uint32Array)).toThrow(TypeError);
  });

  test("survives random damage", () => {
    const bytes = Buffer.from(vocabularyText(withSingleBytes(["ab", "ü"].map(utf8))).slice(-400));
    fc.assert(
      fc.property(damages, (list) => expectReadOrRefused(() => open(applyDamages(bytes, list)))),
      { numRuns: 500 },
    );
  });
});

describe("the World vocabulary", () => {
  const world = loadTokenizer(WORLD);

  test("is the official one", () => {
    expect(world.hash).toBe("e6dee3d4e31b4d5c40ac99508ac6c701ceef4bed681bf2167ce9a908552bca89");
    expect(world.size).toBe(65530);
    expect([...world.encode("Hello, world!")]).toEqual([33155, 45, 40213, 34]);
  });

  test("gives back any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(world.decodeBytes(world.encode(bytes))).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test("gives back any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(world.decode(world.encode(text))).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 100 },
    );
  });

  test("gives back every token alone", () => {
    const ids = Array.from({ length: world.size - 1 }, (_, i) => i + 1);
    expect(ids.length).toBeGreaterThan(65_000);
    const isGivenBack = (id: number) => {
      const bytes = world.bytesOf(id);
      return bytes !== undefined && world.encode(bytes).join() === `${id}`;
    };
    expect(ids.filter((id) => !isGivenBack(id))).toEqual([]);
  });
});

interface GoldenCases {
  readonly vocab: { readonly name: string; readonly sha256: string };
  readonly cases: { readonly bytes_hex: string; readonly text: string | null; readonly ids: number[] }[];
}
test.for(["tokenizer/world_cases.json", "tokenizer/tiny_cases.json"])("golden: %s", (file, { skip }) => {
  const golden = conformanceJson<GoldenCases | undefined>(file, undefined);
  if (!golden) return skip(NO_GOLDEN);
  const tokenizer = loadTokenizer(conformancePath(`tokenizer/${golden.vocab.name}`) ?? "");
  expect(tokenizer.hash).toBe(golden.vocab.sha256);
  expect(golden.cases.length).toBeGreaterThan(10);
  for (const { bytes_hex, text, ids } of golden.cases) {
    const tokens = tokenizer.encode(Buffer.from(bytes_hex, "hex"));
    expect([...tokens]).toEqual(ids);
    expect(Buffer.from(tokenizer.decodeBytes(tokens)).toString("hex")).toBe(bytes_hex);
    if (text !== null) expect([...tokenizer.encode(text)]).toEqual(ids);
    if (text !== null) expect(tokenizer.decode(tokens)).toBe(text);
  }
});
