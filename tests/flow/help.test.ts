/** Every command explains itself: what it does, its options, and an example that can be typed as it stands. */

import type { Command } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import type { Cli } from "../../daemon/src/cli/cli.js";
import { createProgram } from "../../daemon/src/cli/program.js";
import { runCli, scratchFolder } from "./support/cli.js";

const scratch = scratchFolder();
afterAll(scratch.remove);

/** Building the tree of commands uses nothing of the process. */
const nobody: Cli = {
  environment: {},
  currentFolder: scratch.path,
  stdin: (async function* () {})(),
  stdinIsTerminal: false,
  stdoutIsTerminal: false,
  hasColors: false,
  signal: new AbortController().signal,
  print: () => {},
  note: () => {},
  ask: async () => "",
  showProgress: () => {},
};

function leaves(command: Command, path: readonly string[]): readonly (readonly string[])[] {
  if (command.commands.length === 0) return [path];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

const commands = leaves(createProgram(nobody), []);
const run = (...args: readonly string[]) => runCli({ args, home: scratch.path });

describe("help", () => {
  test.each(commands.map((path) => path.join(" ")))("ouro %s --help", async (name) => {
    const { code, stdout, stderr } = await run(...name.split(" "), "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("--json");
    expect(stdout.split("Example").at(1)).toContain(`$ ouro ${name}`);
    expect(stdout).toMatch(/^[A-Z][^\n]*(\n[^\n]+)*\.\n\n(Arguments|Options):/m);
  });

  test("ouro --help names every command", async () => {
    const { code, stdout } = await run("--help");
    expect(code).toBe(0);
    for (const [first] of commands) expect(stdout).toContain(`  ${first} `);
  });
});

describe("wrong usage ends with code 2 and a sentence", () => {
  test.each([
    ["an unknown command", ["compete"], "(Did you mean complete?)"],
    ["an unknown option", ["vocab", "train", "--sise", "3"], "(Did you mean --size?)"],
    ["a number that is none", ["vocab", "train", "--size", "many"], "whole number"],
    ["no command", [], "Usage: ouro"],
  ])("%s", async (_name, args, expected) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain("    at ");
  });
});
