/** Whatever is wrong with what the user hands in: one sentence, the right exit code, nothing lost, nothing half done. */

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, scratchFolder } from "./support/cli.js";
import { writeTinyModel } from "./support/tinyModel.js";

const scratch = scratchFolder();
const folder = scratch.path;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  await writeTinyModel(at("model"));
  makeModels();
  makeTexts();
});
afterAll(scratch.remove);

/** A copy of the model's folder in which one file is changed. */
function spoil(name: string, change: (bytes: Buffer) => Uint8Array, file = "model.safetensors"): void {
  cpSync(at("model"), at(name), { recursive: true });
  const path = join(at(name), file);
  writeFileSync(path, change(readFileSync(path)));
}

/** Header as JSON, with its length re-computed. */
function withHeader(
  bytes: Buffer,
  change: (header: Record<string, { data_offsets: number[] }>) => void,
): Buffer {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString("utf8"));
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, bytes.subarray(8 + length)]);
}

function makeModels(): void {
  spoil("truncated", (bytes) => bytes.subarray(0, bytes.length >> 1));
  spoil("empty", () => new Uint8Array());
  spoil("noise", () => Buffer.alloc(4096, "noise"));
  spoil("huge-header", (bytes) => {
    const copy = Buffer.from(bytes);
    copy.writeBigUInt64LE(2n ** 62n, 0);
    return copy;
  });
  spoil("overlapping", (bytes) =>
    withHeader(bytes, (header) => {
      const [first, second] = Object.keys(header).filter((name) => name !== "__metadata__");
      const [from, to] = [header[first ?? ""], header[second ?? ""]];
      if (from && to) to.data_offsets = [...from.data_offsets];
    }),
  );
  spoil("out-of-range", (bytes) =>
    withHeader(bytes, (header) => {
      for (const tensor of Object.values(header)) if (tensor.data_offsets) tensor.data_offsets = [0, 2 ** 50];
    }),
  );
  // Each number of the file as one of bf16.
  const filled = (number: number) => (bytes: Buffer) => {
    const length = Number(bytes.readBigUInt64LE(0));
    const copy = Buffer.from(bytes);
    for (let index = 8 + length; index < copy.length; index += 2) copy.writeUInt16LE(number, index);
    return copy;
  };
  spoil("not-a-number", filled(0x7fc0));
  spoil("huge-numbers", filled(0x7e96)); // 1e38
  spoil("large-numbers", filled(0x5080)); // 17e9
  spoil("other-tensors", (bytes) => {
    const length = Number(bytes.readBigUInt64LE(0));
    const text = bytes
      .subarray(8, 8 + length)
      .toString("latin1")
      .replaceAll("att.r_k", "att.q_k");
    return Buffer.concat([bytes.subarray(0, 8), Buffer.from(text, "latin1"), bytes.subarray(8 + length)]);
  });
  spoil("bad-vocabulary", () => Buffer.from("1 'a' 1\n2 'b' 9\n"), "vocab.txt");
  spoil("short-vocabulary", () => Buffer.from("1 'a' 1\n2 'b' 1\n"), "vocab.txt");
  // os.system as a pickle of protocol 0: would leave a file behind when executed.
  mkdirSync(at("hollow"));
  writeFileSync(at("hostile.pth"), `cos\nsystem\n(S'touch ${at("was-executed")}'\ntR.`);
}

function makeTexts(): void {
  writeFileSync(at("latin1.ts"), Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]));
  writeFileSync(at("endless.ts"), "");
  truncateSync(at("endless.ts"), 50 * 2 ** 20);
  writeFileSync(at("endless.txt"), Buffer.alloc(50 * 2 ** 20, "a"));
  writeFileSync(at("rows.jsonl"), '{"text":"a"}\n{"txt":"b"}\n');
  writeFileSync(at("short.ts"), "one\ntwo\n");
  writeFileSync(at("data.csv"), "a,b\n");
  mkdirSync(at("no-sources"));
}

/** One line on stderr, nothing on stdout, no stack. */
async function check(options: {
  readonly args: readonly string[];
  readonly expected: string | RegExp;
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<void> {
  const { args, expected, input, environment } = options;
  const ran = await runCli({
    args,
    home: folder,
    ...(input === undefined ? {} : { input }),
    ...(environment === undefined ? {} : { environment }),
  });
  expect(ran.stderr).toMatch(/^ouro: [^\n]+\n$/);
  expect(ran.stderr).toMatch(expected);
  expect(ran.stderr).not.toContain("    at ");
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 1, stdout: "" });
}

describe("a model file that", () => {
  test.each([
    ["is missing", "missing.safetensors", /missing\.safetensors/],
    ["is truncated", "truncated/model.safetensors", /truncated\/model\.safetensors/],
    ["is empty", "empty/model.safetensors", /empty\/model\.safetensors/],
    ["is noise", "noise/model.safetensors", /noise\/model\.safetensors/],
    ["claims an enormous header", "huge-header/model.safetensors", /header/],
    ["has overlapping tensors", "overlapping/model.safetensors", /overlap/],
    ["has tensors beyond its end", "out-of-range/model.safetensors", /out-of-range/],
    ["holds NaN", "not-a-number/model.safetensors", /NaN|finite/],
    ["holds 1e38", "huge-numbers/model.safetensors", /too large to compute with/],
    ["computes no numbers", "large-numbers/model.safetensors", /computes NaN or infinite logits/],
    ["is of another architecture", "other-tensors/model.safetensors", /q_k|r_k/],
    ["is a pickle that would run a command", "hostile.pth", /hostile\.pth/],
    ["has a malformed vocabulary beside it", "bad-vocabulary/model.safetensors", /vocab\.txt/],
    ["has another model's vocabulary beside it", "short-vocabulary/model.safetensors", /4096 rows/],
    ["is a folder without one", "hollow", /hollow holds no/],
  ])("%s is refused by name", async (_name, file, expected) => {
    for (const verb of ["info", "use"]) await check({ args: ["model", verb, at(file)], expected });
    expect(existsSync(at("was-executed"))).toBe(false);
  });

  test("contradicts --vocab is refused", () =>
    check({
      args: ["model", "info", at("model/model.safetensors"), "--vocab", at("bad-vocabulary/vocab.txt")],
      expected: /has its own vocabulary beside it/,
    }));
});

describe("a text that", () => {
  const model = () => ["--model", at("model/model.safetensors")];
  test.each([
    ["is not UTF-8", ["complete", "--file", at("latin1.ts")], /not valid UTF-8/],
    ["is a 50 MB line", ["complete", "--file", at("endless.ts")], /larger than 8\.0 MiB/],
    ["is missing", ["complete", "--file", at("missing.ts")], /there is no such file/],
    ["has no such line", ["complete", "--file", at("short.ts"), "--line", "9"], /has 3 lines/],
    ["comes from two places", ["complete", "a", "--file", at("short.ts")], /not both/],
    ["is a 50 MB line to train on", ["train", at("endless.txt")], /line 1 of .*longer than 8 MiB/],
    ["has a row without text", ["train", at("rows.jsonl")], /line 2 of .*rows\.jsonl/],
    ["is of no known kind", ["train", at("data.csv")], /neither a \.txt nor a \.jsonl/],
    ["is not there to measure", ["eval", "model", "--data", at("no-sources")], /holds no source files/],
  ])("%s is refused by name", (_name, args, expected) => check({ args: [...args, ...model()], expected }));

  test("comes through a pipe and is not UTF-8 is refused", () =>
    check({ args: ["complete", ...model()], expected: /standard input/, input: Uint8Array.of(0xff, 0xfe) }));

  test("comes through a pipe as a 50 MB line is refused", () =>
    check({
      args: ["complete", ...model()],
      expected: /standard input is larger than 8\.0 MiB/,
      input: Buffer.alloc(50 * 2 ** 20, "a"),
    }));
});

describe("a data home that", () => {
  /** Root may write anywhere, so what cannot be written is a file where a folder should be. */
  test("cannot be written is named with the way out", async () => {
    writeFileSync(at("a-file"), "");
    const environment = { OURO_HOME: join(at("a-file"), "home") };
    await check({ args: ["model", "info"], expected: /OURO_HOME/, environment });
  });

  test("has read-only permissions is named with the way out", async () => {
    mkdirSync(at("read-only"));
    chmodSync(at("read-only"), 0o500);
    const isRoot = process.getuid?.() === 0;
    const environment = { OURO_HOME: join(at("read-only"), "home") };
    const ran = await runCli({ args: ["learned"], home: folder, environment });
    // Root is not stopped by permission bits; then the model is what is missing, or nothing is.
    if (!isRoot) expect(ran.stderr).toMatch(/OURO_HOME/);
    expect(ran.stderr).not.toContain("    at ");
  });

  test.each([
    ["an unknown key", '{"ouroboros.engine.thread": 2}', /did you mean "ouroboros\.engine\.threads"\?/],
    ["a value that does not fit", '{"ouroboros.engine.threads": -1}', /"ouroboros\.engine\.threads"/],
    ["no JSON", "{", /settings\.json is no valid JSON at line 1/],
  ])(
    "has settings with %s: told, worked with the rest, and the file stays",
    async (name, settings, expected) => {
      const home = at(`settings ${name}`);
      mkdirSync(home);
      writeFileSync(join(home, "settings.json"), settings);
      const { code, stderr } = await runCli({
        args: ["model", "info"],
        home: scratch.path,
        environment: { OURO_HOME: home },
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(expected) });
      expect(readFileSync(join(home, "settings.json"), "utf8")).toBe(settings);
    },
  );

  test("gets nothing written by a command that failed", async () => {
    const home = at("untouched");
    await check({
      args: ["teach", "a", "--wanted", "b", "--model", at("truncated/model.safetensors")],
      expected: /truncated/,
      environment: { OURO_HOME: home },
    });
    expect(readdirSync(join(home, "journal"))).toEqual([]);
    expect(readdirSync(join(home, "adapters"))).toEqual([]);
  });
});
