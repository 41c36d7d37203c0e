/** The manifest says what the code does: settings as the schema has them, commands that exist, nothing proposed. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { generatedManifest } from "../../.ci/extensionManifest.mjs";
import { EDITOR_SETTING_SCOPES } from "../../configs/src/settings.js";

const folder = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const sources = readdirSync(join(folder, "src"), { encoding: "utf8", recursive: true })
  .filter((path) => /(?<!\.test)\.ts$/.test(path))
  .map((path) => readFileSync(join(folder, "src", path), "utf8"))
  .join("\n");

describe("the manifest", () => {
  test("has the settings of the schema; if not, run node .ci/extensionManifest.mjs", async () => {
    for (const [name, generated] of Object.entries(await generatedManifest()))
      expect(JSON.parse(readFileSync(join(folder, name), "utf8"))).toEqual(generated);
  });

  test("lets no folder that is not trusted switch anything on or off", () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    const harmless = ["ouroboros.completion.multiline"];
    expect([...restrictedConfigurations, ...harmless].sort()).toEqual(
      Object.keys(EDITOR_SETTING_SCOPES).sort(),
    );
  });

  test("names the commands that the code registers", () => {
    const named = manifest.contributes.commands.map(
      ({ command }: { command: string }) => command.split(".")[1],
    );
    const table = /const commands[^{]*\{([\s\S]*?)\n {2}\};/.exec(sources)?.[1] ?? "";
    const registered = [...table.matchAll(/^ {4}(\w+):/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(registered.sort());
  });

  test("uses no proposed API", () => {
    expect(manifest.enabledApiProposals).toBeUndefined();
    expect(sources).not.toMatch(/\bhandle(DidShow|DidPartially|EndOfLifetime|ListEndOfLifetime)\w*/);
  });

  test("steals no key: each binding holds only where text is edited", () => {
    for (const { when } of manifest.contributes.keybindings) expect(when).toContain("editorTextFocus");
  });
});
