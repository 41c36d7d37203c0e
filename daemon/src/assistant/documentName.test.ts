import { expect, it } from "vitest";
import { documentName, endingOf } from "./documentName.js";

it.each([
  ["a name that says a language", "src/a.ts", "typescript", "src/a.ts"],
  ["a name that says another one than the client", "src/a.ts", "python", "src/a.ts"],
  ["a name in capitals", "A.PY", "plaintext", "A.PY"],
  ["nothing", undefined, undefined, "src/main.ts"],
  ["a buffer of Python", undefined, "python", "src/main.py"],
  ["a buffer of React", undefined, "typescriptreact", "src/main.tsx"],
  ["a buffer of a shell", undefined, "shellscript", "src/main.sh"],
  ["a buffer of JSON with comments", undefined, "jsonc", "src/main.json"],
  ["a buffer of a language that the model never saw", undefined, "java", "src/main.java"],
  ["a buffer of plain text", undefined, "plaintext", "src/main.txt"],
  ["a buffer of what nobody knows", undefined, "../../etc\n", "src/main.txt"],
  ["a cell of a notebook", "lab/a.b.ipynb", "python", "lab/a.b.py"],
  ["a cell of what nobody knows", "lab/a.ipynb", "nobody", "lab/a.ipynb"],
  ["a script without an ending", "bin/run", "shellscript", "bin/run.sh"],
  ["a window's script", "app.pyw", "python", "app.py"],
  ["settings with comments", ".vscode/a.jsonc", "jsonc", ".vscode/a.json"],
  ["settings that JSON with comments is expected in", "tsconfig.json", "jsonc", "tsconfig.json"],
  ["a hidden file", "home/.bashrc", "shellscript", "home/.bashrc.sh"],
  ["a folder with a dot", "v1.2/run", "shellscript", "v1.2/run.sh"],
  ["a file of plain text", "LICENSE", "plaintext", "LICENSE"],
  ["a file of which nobody says the language", "bin/run", undefined, "bin/run"],
  ["a file of a language without an ending", "Dockerfile", "dockerfile", "Dockerfile"],
])("%s has a name", (_what, path, language, name) => expect(documentName(path, language)).toBe(name));

it("knows languages by their ids and by their endings", () => {
  expect(["Python", "py", "YML", "constructor", "plaintext"].map(endingOf)).toEqual([
    "py",
    "py",
    "yml",
    undefined,
    undefined,
  ]);
});
