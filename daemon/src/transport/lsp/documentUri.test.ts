import { expect, it } from "vitest";
import { readUri } from "./documentUri.js";

it.each([
  ["file:///c%3A/work/a.ts", "C:\\work\\a.ts"],
  ["file:///C:/work/a.ts", "C:\\work\\a.ts"],
  ["FILE:///c:/work/sub/../a.ts", "C:\\work\\a.ts"],
  ["file:///c:/work/", "C:\\work"],
  ["file:///c:/", "C:\\"],
  ["file:///c:", "C:\\"],
  ["file://server/share/work/a.ts", "\\\\server\\share\\work\\a.ts"],
  ["file://server/share/work/", "\\\\server\\share\\work"],
  ["file://wsl%24/Ubuntu/home/a.ts", "\\\\wsl$\\Ubuntu\\home\\a.ts"],
  ["file://localhost/c:/work/a.ts", "C:\\work\\a.ts"],
  ["untitled:/c:/work/a.ts", "C:\\work\\a.ts"],
  ["untitled:c%3A%5Cwork%5Ca.ts", "C:\\work\\a.ts"],
  ["vscode-notebook-cell:/c%3A/work/nb.ipynb#W0sZmlsZQ%3D%3D", "C:\\work\\nb.ipynb"],
])("on Windows %s is a path", (uri, path) => expect(readUri(uri, "win32")).toEqual({ kind: "path", path }));

it.each(["file:///work/a.ts", "vscode-remote://wsl%2Bubuntu/work/a.ts"])(
  "on Windows %s is elsewhere",
  (uri) => expect(readUri(uri, "win32")).toEqual({ kind: "elsewhere" }),
);

it.each([
  ["file:///", "/"],
  ["file:////work//a.ts", "/work/a.ts"],
  ["file:///work/a%23b.ts", "/work/a#b.ts"],
  ["file:///work/a.ts#L3", "/work/a.ts"],
  ["file:///work/a%3Fb.ts?v=1", "/work/a?b.ts"],
  ["file:///work/back\\slash.ts", "/work/back\\slash.ts"],
  ["file:///work/%E4%BD%A0.ts", "/work/你.ts"],
  ["file:///work/two%0Alines.ts", "/work/two\nlines.ts"],
  ["file:///../../work", "/work"],
  // No scheme of a notebook in it.
  ["vscode-notebook-cell:/work/nb.ipynb#cells-1", "/work/nb.ipynb"],
])("elsewhere %s is a path", (uri, path) => expect(readUri(uri, "linux")).toEqual({ kind: "path", path }));

it.each([
  ["untitled:Untitled-12", {}],
  ["untitled:untitled", {}],
  ["untitled:", {}],
  ["untitled:main.py", { name: "main.py" }],
])("%s was never saved", (uri, name) => expect(readUri(uri, "linux")).toEqual({ kind: "unsaved", ...name }));

it.each(["untitled:c%3A%5Cwork%5Ca.ts", "file:work/a.ts", "git:a.ts", "c:\\work\\a.ts", "work/a.ts"])(
  "elsewhere %s is no path",
  (uri) => expect(readUri(uri, "linux")).toEqual({ kind: "elsewhere" }),
);

it("reads the longest URI in no time", () => {
  const started = performance.now();
  for (const part of ["%", "%E4", "/", "../", "#", "?", "a"])
    readUri(`file:///${part.repeat(1 << 16)}`, "linux");
  expect(performance.now() - started).toBeLessThan(1000);
});
