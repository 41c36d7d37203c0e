/** Where the addon is found once it has left the repository: beside a bundle, as in an installed extension. */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { scratchFolder } from "../scratchFolder.js";

const folder = scratchFolder();
const native = dirname(dirname(import.meta.dirname));
const { buildSync } = createRequire(join(native, "..", "daemon", "package.json"))("esbuild");
const BUILT = join(native, process.env.OUROBOROS_BUILD || "build", "Release", "ouroboros.node");

/** What a process prints that bundles this package's facade at `bundle`, with copies of the addon at `addons`. */
function run(layout: { readonly bundle: string; readonly addons: readonly string[] }): string {
  const extension = mkdtempSync(join(folder.path, "extension-"));
  const outfile = join(extension, layout.bundle);
  // As .ci/build.mjs bundles the command line.
  buildSync({
    stdin: {
      resolveDir: native,
      contents: `import { loadAddon } from "./lib/addon.js";
        try { console.log(typeof loadAddon().createEngine, Object.keys(require.cache).at(-1)); }
        catch (error) { console.log(error.code, error.message); }`,
    },
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    define: { "import.meta.url": "bundleUrl" },
    banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
  for (const addon of layout.addons) {
    const path = join(extension, addon);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(BUILT, path);
  }
  const printed = execFileSync(process.execPath, [outfile], { cwd: extension, encoding: "utf8" });
  return printed.trim().replaceAll(extension, "<ext>");
}

describe("outside of the repository", () => {
  test.each([
    ["in a folder above the bundle's", ["daemon/native/ouroboros.node"], "daemon/native/ouroboros.node"],
    ["higher up, too", ["native/ouroboros.node"], "native/ouroboros.node"],
    [
      "the nearest one",
      ["native/ouroboros.node", "daemon/dist/native/ouroboros.node"],
      "daemon/dist/native/ouroboros.node",
    ],
  ])("%s", (_name, addons, found) => {
    expect(run({ bundle: "daemon/dist/ouro.cjs", addons })).toBe(`function <ext>/${found}`);
  });

  test("nowhere: an error that says what to do", () => {
    expect(run({ bundle: "daemon/dist/ouro.cjs", addons: ["other/ouroboros.node"] })).toBe(
      "file the native engine is not built yet; run `npm run build`",
    );
  });
});
