import { describe, expect, it } from "vitest";
import { LspFolders } from "./lspFolders.js";

function windowWith(...uris: readonly string[]): LspFolders {
  const folders = new LspFolders();
  folders.set(
    uris.map((uri) => ({ uri })),
    null,
  );
  return folders;
}

const A = "file:///folderA";
const B = "file:///folderB";
const inB = (path: string) => ({ file: path, folder: "/folderB" });

describe.skipIf(process.platform === "win32")("in a window with folders A and B a document lies", () => {
  const folders = windowWith(A, B);

  it.each([
    ["file:///folderB/x.ts", "/folderB/x.ts"],
    ["FILE:///folderB/x.ts", "/folderB/x.ts"],
    ["file:/folderB/x.ts", "/folderB/x.ts"],
    ["file://localhost/folderB/x.ts", "/folderB/x.ts"],
    ["file:///folderB/100%.ts", "/folderB/100%.ts"],
    ["file:///folderB/100%25.ts", "/folderB/100%.ts"],
    ["file:///folderB/%E4%BD%A0%e4%.ts", "/folderB/%E4%BD%A0%e4%.ts"],
    ["file:///folder%42/x.ts", "/folderB/x.ts"],
    ["file:///folderA/../folderB/x.ts", "/folderB/x.ts"],
    ["file:///folderB/./y/%2e%2e/x.ts", "/folderB/x.ts"],
    ["untitled:/folderB/x", "/folderB/x"],
    [
      "git:/folderB/x.ts?%7B%22path%22%3A%22%2FfolderA%2Fx.ts%22%2C%22ref%22%3A%22HEAD%22%7D",
      "/folderB/x.ts",
    ],
    ["vscode-notebook-cell:/folderB/nb.ipynb#W0sZmlsZQ%3D%3D", "/folderB/nb.ipynb"],
    ["vscode-notebook-cell:/folderB/nb.ipynb#W0", "/folderB/nb.ipynb"],
    ["vscode-notebook-cell:/folderB/nb.ipynb", "/folderB/nb.ipynb"],
  ])("in B: %s", (uri, path) => expect(folders.whereIs(uri)).toEqual(inB(path)));

  it.each([
    "untitled:Untitled-1",
    "file://",
    "vscode-notebook-cell:Untitled-1.ipynb?jupyter-notebook#W0sdW50aXRsZWQ%3D",
  ])("in one of both, if it was never saved: %s", (uri) =>
    expect(folders.whereIs(uri)).toEqual({ file: null, folder: null, among: ["/folderA", "/folderB"] }),
  );

  it.each([
    "vscode-remote://ssh-remote%2Bhost/folderB/x.ts",
    "vscode-vfs://github/owner/name/x.ts",
    "file://server/folderB/x.ts",
    "file:///folderB/x%00.ts",
    "untitled://wsl%2Bubuntu/folderB/x.ts",
    "vscode-notebook-cell://ssh-remote%2Bhost/folderB/nb.ipynb#W0sdnNjb2RlLXJlbW90ZQ%3D%3D",
    "output:extension-output-1",
    "/folderB/x.ts",
    "",
  ])("in none, if it is no file of this machine: %s", (uri) =>
    expect(folders.whereIs(uri)).toEqual({ file: null, folder: null, among: [] }),
  );

  it("in none by its name, and both may be links to what is around it", () =>
    expect(folders.whereIs("file:///folderC/x.ts")).toEqual({
      file: "/folderC/x.ts",
      folder: null,
      among: ["/folderA", "/folderB"],
    }));

  it("in one of both, if nobody says which document is meant", () =>
    expect(folders.whereIs(null)).toEqual({ file: null, folder: null, among: ["/folderA", "/folderB"] }));

  it("in its folder, if it has a name that was never saved there", () =>
    expect(folders.whereIs("untitled:notes.py")).toMatchObject({ path: "notes.py" }));
});

describe.skipIf(process.platform === "win32")("the folders of a window", () => {
  it("are told by their last slash no less", () => {
    const folders = windowWith(`${A}/`, "FILE:///folderB//");
    expect(folders.whereIs("file:///folderB/x.ts")).toEqual(inB("/folderB/x.ts"));
    expect(folders.whereIs(`${A}/`)).toEqual({ file: null, folder: "/folderA" });
    expect(folders.whereIs(A)).toEqual({ file: null, folder: "/folderA" });
  });

  it.each(["file:///folderB", "file:///folderB/", "File:///folder%42/", "file:///folderA/../folderB"])(
    "are closed by any of their names: %s",
    (uri) => {
      const folders = windowWith(A, "file:///folderB/");
      folders.change([], [{ uri }]);
      expect(folders.whereIs(null)).toEqual({ file: null, folder: "/folderA" });
    },
  );

  it("are each open once, however often they are named", () => {
    const folders = windowWith(A, `${A}/`, "FILE:///folderA");
    expect(folders.whereIs("untitled:Untitled-1")).toEqual({ file: null, folder: "/folderA" });
  });

  it("may lie in each other: the innermost has the document", () => {
    const folders = windowWith(A, `${A}/inner/`);
    expect(folders.whereIs(`${A}/inner/x.ts`)).toEqual({
      file: "/folderA/inner/x.ts",
      folder: "/folderA/inner",
    });
    expect(folders.whereIs(`${A}/innermost.ts`)).toEqual({
      file: "/folderA/innermost.ts",
      folder: "/folderA",
    });
  });

  it("may be on another machine: then what was never saved may belong there", () => {
    const folders = windowWith(A, "vscode-vfs://github/owner/name");
    expect(folders.whereIs("untitled:Untitled-1")).toEqual({ file: null, folder: null, among: [] });
    folders.change([], [{ uri: "vscode-vfs://github/owner/name" }]);
    expect(folders.whereIs("untitled:Untitled-1")).toEqual({ file: null, folder: "/folderA" });
  });

  it("may be none: what was never saved belongs to none", () =>
    expect(windowWith().whereIs("untitled:Untitled-1")).toEqual({ file: null, folder: null }));
});
