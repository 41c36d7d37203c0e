/** The conformance checker itself: it must find wrong numbers, faulty engines and missing data, and name them. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WeightType } from "@ouroboros/native";
import type { Inspect } from "@ouroboros/native/inspect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nativeSubject } from "../../daemon/src/lab/conformance/nativeSubject.js";
import {
  type ConformanceReport,
  formatResult,
  GROUPS_NOT_IMPLEMENTED,
  REQUIRED_GROUPS,
} from "../../daemon/src/lab/conformance/report.js";
import { runConformance } from "../../daemon/src/lab/conformance/runConformance.js";
import type { Subject } from "../../daemon/src/lab/conformance/subject.js";
import { writeGoldenFolder } from "./goldenFolder.js";
import { expectPassed, type RunOptions, run, text } from "./run.js";

const GENERATION_MS = 300_000;

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "ouroboros-conformance-"));
  folder = join(root, "golden");
  // Only the smallest model: these tests run it many times.
  writeGoldenFolder(folder, ["leaf"]);
}, GENERATION_MS);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Changes a file, runs, and puts it back. */
async function runWith(
  file: string,
  change: (path: string) => void,
  options: RunOptions = {},
): Promise<ConformanceReport> {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  try {
    change(path);
    return await run(folder, options);
  } finally {
    writeFileSync(path, bytes);
  }
}

/** The only results that fail, and the names in their failures. */
function failures(report: ConformanceReport) {
  return report.results.flatMap((result) =>
    result.kind === "checked" && result.failed > 0
      ? [{ group: result.group, names: result.failures.map(({ name }) => name).join("; ") }]
      : [],
  );
}

test("passes the unchanged folder", async () => expectPassed(await run(folder)));

test.each([
  ["leaf.forward.safetensors", "len17.logits"],
  ["leaf.forward.safetensors", "len2.state.wkv"],
  ["leaf.forward.safetensors", "bf16w11.cont_logits"],
])("finds a wrong tensor by both networks: %s, %s", async (file, tensor) => {
  const report = await runWith(file, (path) => nudge(path, tensor));
  expect(report.passed).toBe(false);
  const names = expect.stringContaining(tensor);
  expect(failures(report)).toEqual([
    { group: "forward", names },
    { group: "served", names },
  ]);
});

test.each([
  ["dump", "leaf.dump.safetensors", "blocks.0.kk"],
  ["training", "leaf.train.safetensors", "ce.grad.blocks.0.att.r_k"],
  ["training", "leaf.train.safetensors", "l2wrap.grad.head.weight"],
  ["training", "leaf.train.safetensors", "state.grad.att_shift"],
  ["training", "leaf.train.safetensors", "state_zero.grad.wkv"],
  ["training", "leaf.train.safetensors", "batch.grad.ln_out.bias"],
  ["lora", "leaf.adapters.safetensors", "lora.grad.blocks.0.ffn.key.lora_A"],
  ["lora", "leaf.adapters.safetensors", "lora.merged.blocks.0.att.key.weight"],
  ["lora", "leaf.adapters.safetensors", "lora.merged_logits"],
  ["adamw", "leaf.adamw.safetensors", "uniform.step1.ln_out.weight"],
  ["adamw", "adamw_standalone.safetensors", "step3.v.w"],
  ["infctx", "leaf.infctx.safetensors", "masked.detached.grad.head.weight"],
  ["infctx", "leaf.infctx.safetensors", "final_state.ffn_shift"],
  ["readers", "quirks.expected.safetensors", "permuted"],
])("finds a wrong tensor: %s, %s, %s", async (group, file, tensor) => {
  const report = await runWith(file, (path) => nudge(path, tensor));
  expect(report.passed).toBe(false);
  expect(failures(report)).toEqual([{ group, names: expect.stringContaining(tensor) }]);
});

test.each<[string, string, string, (json: Card) => void]>([
  [
    "training",
    "leaf.json",
    "batch loss",
    (json) => {
      json.train.batch.loss += 1e-5;
    },
  ],
  [
    "training",
    "leaf.json",
    "state tuning loss 2",
    (json) => {
      json.train.state.adam_state_only.losses_before_step_1_to_5_and_after_5[2] += 1e-4;
    },
  ],
  [
    "lora",
    "leaf.json",
    "lora AdamW loss 3",
    (json) => {
      json.adapters.lora.adamw.losses_before_step_1_to_5_and_after_5[3] += 1e-4;
    },
  ],
  [
    "adamw",
    "leaf.json",
    "official groups gradient norm 2",
    (json) => {
      json.adamw.official_groups.grad_norms_pre_clip[1] *= 1.001;
    },
  ],
  [
    "infctx",
    "leaf.json",
    "masked.mean of chunk means",
    (json) => {
      json.infctx.masked.loss_peft_chunk_mean += 1e-5;
    },
  ],
  [
    "sampling",
    "sampling.json",
    "top-k",
    (json) => {
      json.cases[4].probs[0] += 1e-5;
    },
  ],
  [
    "sampling",
    "sampling.json",
    "occurrences after token 4",
    (json) => {
      json.occurrence_trace.occurrence_after_each_token[3][1] += 1e-3;
    },
  ],
  [
    "tokenizer",
    "tokenizer/tiny_cases.json",
    "case 2",
    (json) => {
      json.cases[2].ids[0]++;
    },
  ],
])("finds a wrong number: %s, %s, %s", async (group, file, name, change) => {
  const report = await runWith(file, (path) => {
    const json = JSON.parse(readFileSync(path, "utf8"));
    change(json);
    writeFileSync(path, JSON.stringify(json));
  });
  expect(report.passed).toBe(false);
  expect(failures(report)).toEqual([{ group, names: expect.stringContaining(name) }]);
});

test.each<[string, string, (native: Inspect) => Partial<Inspect>]>([
  [
    "answers NaN",
    "forward",
    (native) => ({
      logits: (options) => {
        const answer = native.logits(options);
        return { ...answer, logits: answer.logits.map(() => Number.NaN) };
      },
    }),
  ],
  [
    "forgets the State between calls",
    "forward",
    (native) => ({ logits: ({ state, ...options }) => native.logits(options) }),
  ],
  ["serves bf16 with eight bits", "served", servesInstead("bf16", "q8")],
  ["serves q8 with four bits", "served", servesInstead("q8", "q4")],
  [
    "serves q4 with the logits of other tokens",
    "served",
    (native) => ({
      logits(options) {
        const { weights, tokens } = options;
        return native.logits(weights === "q4" ? { ...options, tokens: tokens.toReversed() } : options);
      },
    }),
  ],
  [
    "leaves out an intermediate",
    "dump",
    (native) => ({
      dump: (options) => {
        const { ln_out: _, ...rest } = native.dump(options);
        return rest;
      },
    }),
  ],
  [
    "has no L2Wrap",
    "training",
    (native) => ({ gradients: (options) => native.gradients({ ...options, l2wrap: false }) }),
  ],
  [
    "ignores the initial State when training",
    "training",
    (native) => ({
      gradients: (options) =>
        native.gradients({
          ...options,
          sequences: options.sequences.map(({ tokens, labels }) => ({ tokens, labels })),
        }),
    }),
  ],
  [
    "does not apply the adapter",
    "lora",
    (native) => ({ logits: ({ lora, ...options }) => native.logits(options) }),
  ],
  [
    "decays every parameter",
    "adamw",
    (native) => ({
      trainCurve: (options) =>
        native.trainCurve({ ...options, optimizer: { ...options.optimizer, groups: "uniform" } }),
    }),
  ],
  [
    "does not clip",
    "adamw",
    (native) => ({
      trainCurve: (options) =>
        native.trainCurve({ ...options, optimizer: { ...options.optimizer, clip: 0 } }),
    }),
  ],
  [
    "does not detach the State",
    "infctx",
    (native) => ({ gradients: ({ detachEvery, ...options }) => native.gradients(options) }),
  ],
])("finds an engine that %s", async (_title, group, fault) => {
  const native = nativeSubject();
  const openInspect: Subject["inspector"]["openInspect"] = (options) => {
    const inspect = native.inspector.openInspect(options);
    return { ...inspect, ...fault(inspect) };
  };
  const report = await run(folder, {
    subject: { ...native, inspector: { ...native.inspector, openInspect } },
  });
  expect(report.passed).toBe(false);
  expect(failures(report).map((failure) => failure.group)).toContain(group);
});

function servesInstead(asked: WeightType, served: WeightType) {
  return (native: Inspect): Partial<Inspect> => ({
    logits: (options) => native.logits(options.weights === asked ? { ...options, weights: served } : options),
  });
}

test("fails on an empty folder, naming every required group", async () => {
  const empty = join(root, "empty");
  mkdirSync(empty);
  const report = await run(empty);
  expect(report).toMatchObject({ passed: false, comparisons: 0 });
  expect(report.results.filter(({ kind }) => kind === "missing")).toHaveLength(REQUIRED_GROUPS.length);
  expect(report.results.filter(({ kind }) => kind === "not implemented")).toHaveLength(
    GROUPS_NOT_IMPLEMENTED.length,
  );
  expect(text(report)).toContain("sampling");
});

test("rejects a folder that is not there", async () => {
  await expect(run(join(root, "nowhere"))).rejects.toThrow("nowhere");
});

test.each([
  ["sampling", ["sampling.json"]],
  ["dump", ["leaf.dump.safetensors"]],
  ["infctx", ["leaf.infctx.safetensors"]],
  ["tokenizer", ["tokenizer/tiny_cases.json"]],
])("fails when %s is missing", async (group, files) => {
  const report = await runWith(files[0] ?? "", (path) => rmSync(path));
  expect(report.passed).toBe(false);
  expect(report.results).toContainEqual({ kind: "missing", group });
});

test("takes a vocabulary from elsewhere, as a file or a folder, when its hash is right", async () => {
  const elsewhere = join(root, "elsewhere");
  mkdirSync(elsewhere);
  const vocabulary = join(elsewhere, "tiny_vocab.txt");
  copyFileSync(join(folder, "tokenizer/tiny_vocab.txt"), vocabulary);
  const runElsewhere = (vocabularies: readonly string[]) =>
    runWith("tokenizer/tiny_vocab.txt", (path) => rmSync(path), { vocabularies });
  expectPassed(await runElsewhere([vocabulary]));
  expectPassed(await runElsewhere([elsewhere]));
  expect(text(await runElsewhere([]))).toContain("--vocab");
  writeFileSync(vocabulary, "1 'a' 1\n");
  expect(text(await runElsewhere([vocabulary]))).toContain("--vocab");
});

test("fails a group in which nothing was compared", async () => {
  const report = await runWith("sampling.json", (path) => writeFileSync(path, `{ "cases": [] }`));
  expect(report.passed).toBe(false);
  expect(text(report)).toContain("nothing was compared");
});

test.each([
  ["leaf.json", "{"],
  ["leaf.json", `{ "train": { "ce": { "loss": "high" } } }`],
  ["leaf.train.safetensors", "no tensors"],
  ["models/leaf.safetensors", "no tensors"],
  ["tokenizer/tiny_cases.json", "[]"],
  ["tokenizer/tiny_vocab.txt", "1 'a' 1\n"],
])("reports a damaged file: %s holding %s", async (file, content) => {
  const report = await runWith(file, (path) => writeFileSync(path, content));
  expect(report.passed).toBe(false);
  expect(failures(report)).not.toEqual([]);
});

test("tells which golden tensors nothing looked at", async () => {
  const report = await runWith("leaf.train.safetensors", (path) => {
    const bytes = readFileSync(path, "latin1");
    // Of the same length, so that the header stays valid.
    writeFileSync(path, bytes.replace('"state_zero.grad.wkv"', '"state_uhoh.grad.wkv"'), "latin1");
  });
  expect(text(report)).toContain("not looked at: state_uhoh.grad.wkv");
});

test("stops when it is cancelled, between groups", async () => {
  const controller = new AbortController();
  const seen: string[] = [];
  const outcome = await runConformance({
    folder,
    subject: nativeSubject(),
    signal: controller.signal,
    onResult: (result) => {
      seen.push(formatResult(result));
      controller.abort();
    },
  });
  expect(outcome).toEqual({ kind: "cancelled" });
  expect(seen).toHaveLength(1);
});

/** A parsed JSON file, whatever its schema: each test knows the part it changes. */
// biome-ignore lint/suspicious/noExplicitAny: golden JSON is changed in place, by paths that the fixture is known to have
type Card = any;

/** Adds a little to the first value of a float32 tensor, in place. */
function nudge(path: string, tensor: string) {
  const bytes = readFileSync(path);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes));
  const at = 8 + headerBytes + header[tensor].data_offsets[0];
  bytes.writeFloatLE(bytes.readFloatLE(at) + 5e-4, at);
  writeFileSync(path, bytes);
}
