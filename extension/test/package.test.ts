/** What is shipped: exactly these files, one engine, and a daemon that works without the clone. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageExtension, staging } from "../../.ci/packageExtension.mjs";

const FILES = [
  "CHANGELOG.md",
  "LICENSE.txt",
  "NOTICE",
  "THIRD-PARTY-NOTICES.txt",
  "daemon/dist/ouro.cjs",
  "daemon/model/MODEL_CARD.md",
  "daemon/model/anchors.json",
  "daemon/model/config.json",
  "daemon/model/model.safetensors",
  "daemon/model/vocab.txt",
  "daemon/model/world/rwkv_vocab_v20230424.txt",
  "daemon/native/ouroboros.node",
  "dist/chat.css",
  "dist/chat.js",
  "dist/client.cjs",
  "dist/extension.cjs",
  "l10n/bundle.l10n.zh-cn.json",
  "media/activity.svg",
  "media/icon.png",
  "media/icon.svg",
  "media/sft.org",
  "media/walkthrough/chat.svg",
  "media/walkthrough/complete.svg",
  "media/walkthrough/correct.svg",
  "media/walkthrough/learned.svg",
  "media/walkthrough/undo.svg",
  "package.json",
  "package.nls.json",
  "package.nls.zh-cn.json",
  "README.md",
];

/** Names in a ZIP file's central directory, whose entries each begin with this signature. */
function namesInZip(path: string): readonly string[] {
  const bytes = readFileSync(path);
  const names: string[] = [];
  const signature = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
  let at = bytes.indexOf(signature, bytes.readUInt32LE(bytes.lastIndexOf("PK\x05\x06") + 16));
  while (at >= 0 && bytes.subarray(at, at + 4).equals(signature)) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    names.push(bytes.toString("utf8", at + 46, at + 46 + (name ?? 0)));
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return names;
}

describe("the VSIX", () => {
  let names: readonly string[] = [];
  let elsewhere = "";

  beforeAll(async () => {
    elsewhere = mkdtempSync(join(tmpdir(), "ouro-vsix-"));
    const path = await packageExtension({ log: join(elsewhere, "log") });
    names = namesInZip(path ?? "").flatMap((name) => (name.startsWith("extension/") ? name.slice(10) : []));
    cpSync(staging, elsewhere, { recursive: true });
  }, 120_000);
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  test("holds these files and no others", () => {
    const lower = (each: readonly string[]) => each.map((name) => name.toLowerCase()).sort();
    expect(lower(names)).toEqual(lower(FILES));
  });

  test("holds one compiled engine", () => {
    expect(names.filter((name) => name.endsWith(".node"))).toHaveLength(1);
  });

  test("completes with its own daemon, engine and model, far from the clone", () => {
    const home = join(elsewhere, "home");
    const ouro = join(elsewhere, "daemon", "dist", "ouro.cjs");
    const text = execFileSync(process.execPath, [ouro, "complete", "for (const x of "], {
      cwd: elsewhere,
      env: { PATH: process.env.PATH, OURO_HOME: home },
      encoding: "utf8",
    });
    expect(text.trim()).not.toBe("");
  });

  test("names no path of the machine that built it", () => {
    for (const name of ["dist/extension.cjs", "dist/chat.js", "daemon/dist/ouro.cjs"])
      expect([name, readFileSync(join(elsewhere, name), "utf8").includes(process.cwd())]).toEqual([
        name,
        false,
      ]);
  });

  test("names the licences of the packages within", () => {
    const notices = readFileSync(join(elsewhere, "THIRD-PARTY-NOTICES.txt"), "utf8");
    for (const name of ["vscode-languageclient", "markdown-it", "dompurify", "express"])
      expect(notices).toContain(`\n${name} `);
  });
});
