/** What is missing on a machine is said in one sentence each, with the line that installs it. */

import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { scratchFolder } from "./support/cli.js";

const scratch = scratchFolder();
afterAll(scratch.remove);
const script = fileURLToPath(new URL("../../.ci/prerequisites.mjs", import.meta.url));

/** Runs the check on a machine that has only the named tools. */
function checkWith(tools: Readonly<Record<string, string>>) {
  const folder = join(scratch.path, Object.keys(tools).join("-") || "nothing");
  mkdirSync(folder);
  for (const [name, content] of Object.entries(tools))
    writeFileSync(join(folder, name), content, { mode: 0o755 });
  symlinkSync("/bin/sh", join(folder, "sh"));
  const ran = spawnSync(process.execPath, [script], { encoding: "utf8", env: { PATH: folder } });
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

const cmake = (version: string) => `#!/bin/sh\necho "cmake version ${version}"\n`;

describe("prerequisites", () => {
  test("all there", () => {
    const ran = checkWith({ "c++": "", cmake: cmake("3.25.1"), make: "" });
    expect(ran).toEqual({ code: 0, stdout: "All prerequisites are here.\n", stderr: "" });
  });

  test("each missing tool is a sentence with its remedy", () => {
    const { code, stdout, stderr } = checkWith({});
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line).toMatch(/(apt-get install -y|brew install|xcode-select|winget install) ?/);
  });

  test("an old CMake is named with the version that is needed", () => {
    const { code, stderr } = checkWith({ "g++": "", cmake: cmake("3.10.2"), ninja: "" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^CMake 3\.10 is too old, 3\.18 or newer is needed: .*\n$/);
  });
});
