import { expect, it } from "vitest";
import { readUri } from "./documentUri.js";

it.each([
  ["file:///c%3A/code/a.ts", "C:\\code\\a.ts"],
  ["file:///C:/code/a.ts", "C:\\code\\a.ts"],
  ["FILE:///c:/code/sub/../a.ts", "C:\\code\\a.ts"],
  ["file:///c:/code/", "C:\\code"],
  ["file:///c:/", "C:\\"],
  ["file:///c:", "C:\\"],
  ["file://server/share/code/a.ts", "\\\\server\\share\\code\\a.ts"],
  ["file://server/share/code/", "\\\\server\\share\\code"],
  ["file://wsl%24/Ubuntu/home/a.ts", "\\\\wsl$\\Ubuntu\\home\\a.ts"],
  ["file://localhost/c:/code/a.ts", "C:\\code\\a.ts"],
  ["untitled:/c:/code/a.ts", "C:\\code\\a.ts"],
  ["untitled:c%3A%5Ccode%5Ca.ts", "C:\\code\\a.ts"],
  ["vscode-notebook-cell:/c%3A/code/nb.ipynb#W0sZmlsZQ%3D%3D", "C:\\code\\nb.ipynb"],
])("on Windows %s is a path", (uri, path) => expect(readUri(uri, "win32")).toEqual({ kind: "path", path }));

it.each(["file:///code/a.ts", "vscode-remote://wsl%2Bubuntu/code/a.ts"])(
  "on Windows %s is elsewhere",
  (uri) => expect(readUri(uri, "win32")).toEqual({ kind: "elsewhere" }),
);

it.each([
  ["file:///", "/"],
  ["file:////code//a.ts", "/code/a.ts"],
  ["file:///code/a%23b.ts", "/code/a#b.ts"],
  ["file:///code/a.ts#L3", "/code/a.ts"],
  ["file:///code/a%3Fb.ts?v=1", "/code/a?b.ts"],
  ["file:///code/back\\slash.ts", "/code/back\\slash.ts"],
  ["file:///code/%E4%BD%A0.ts", "/code/你.ts"],
  ["file:///code/two%0Alines.ts", "/code/two\nlines.ts"],
  ["file:///../../code", "/code"],
  // No scheme of a notebook in it.
  ["vscode-notebook-cell:/code/nb.ipynb#cells-1", "/code/nb.ipynb"],
])("elsewhere %s is a path", (uri, path) => expect(readUri(uri, "linux")).toEqual({ kind: "path", path }));

it.each([
  ["untitled:Untitled-12", {}],
  ["untitled:untitled", {}],
  ["untitled:", {}],
  ["untitled:main.py", { name: "main.py" }],
])("%s was never saved", (uri, name) => expect(readUri(uri, "linux")).toEqual({ kind: "unsaved", ...name }));

it.each(["untitled:c%3A%5Ccode%5Ca.ts", "file:code/a.ts", "git:a.ts", "c:\\code\\a.ts", "code/a.ts"])(
  "elsewhere %s is no path",
  (uri) => expect(readUri(uri, "linux")).toEqual({ kind: "elsewhere" }),
);

it("reads the longest URI in no time", () => {
  const started = performance.now();
  for (const part of ["%", "%E4", "/", "../", "#", "?", "a"])
    readUri(`file:///${part.repeat(1 << 16)}`, "linux");
  expect(performance.now() - started).toBeLessThan(1000);
});
