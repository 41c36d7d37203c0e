import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { ORG_BYTES_MAX } from "./parseOrg.js";
import { watchOrg } from "./watchOrg.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ouro-org-"));
  folders.push(folder);
  return folder;
}

/** Everything that was handed over, and a promise of the next thing. */
function watching(...paths: string[]) {
  const heard: string[] = [];
  const waiting: (() => void)[] = [];
  const hear = (what: string) => {
    heard.push(what);
    waiting.shift()?.();
  };
  const watch = watchOrg({
    paths,
    onSaved: (path, text) => hear(`${basename(path)}: ${text}`),
    onProblem: ({ code, message }) => hear(`${code} ${message}`),
  });
  onTestFinished(() => watch.close());
  let seen = 0;
  return {
    watch,
    heard,
    async next(): Promise<string> {
      if (heard.length <= seen) await new Promise<void>((resolve) => waiting.push(resolve));
      return heard[seen++] ?? "";
    },
  };
}

describe("watching Org files", () => {
  test("hands over what is there at the start, then every save", async () => {
    const path = join(freshFolder(), "sft.org");
    writeFileSync(path, "one");
    const { next, heard } = watching(path);
    expect(await next()).toBe("sft.org: one");
    appendFileSync(path, " and two");
    expect(await next()).toBe("sft.org: one and two");
    expect(heard).toHaveLength(2);
  });

  test("finds a file that is made later, in a folder that is made later", async () => {
    const root = freshFolder();
    const path = join(root, "deep", "er", "sft.org");
    const other = join(root, "b.org");
    writeFileSync(other, "there");
    const { next } = watching(path, other);
    expect(await next()).toBe("b.org: there");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "late");
    expect(await next()).toBe("sft.org: late");
  });

  test("follows a file through renames, deletion and return", async () => {
    const path = join(freshFolder(), "sft.org");
    writeFileSync(path, "one");
    const { next } = watching(path);
    expect(await next()).toBe("sft.org: one");
    for (const text of ["two", "three"]) {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      expect(await next()).toBe(`sft.org: ${text}`);
    }
    renameSync(path, `${path}~`);
    writeFileSync(path, "four");
    expect(await next()).toBe("sft.org: four");
    rmSync(path);
    writeFileSync(path, "five");
    expect(await next()).toBe("sft.org: five");
  });

  test("follows a link to the file", async () => {
    const [folder, elsewhere] = [freshFolder(), freshFolder()];
    const target = join(elsewhere, "real.org");
    writeFileSync(target, "one");
    symlinkSync(target, join(folder, "sft.org"));
    const { next } = watching(join(folder, "sft.org"));
    expect(await next()).toBe("sft.org: one");
    appendFileSync(target, " and two");
    expect(await next()).toBe("sft.org: one and two");
  });

  test("a save that changes nothing is not handed over, nor is any other file", async () => {
    const folder = freshFolder();
    const [path, other] = [join(folder, "a.org"), join(folder, "b.org")];
    writeFileSync(path, "one");
    const { next, heard } = watching(path, other);
    await next();
    writeFileSync(path, "one");
    writeFileSync(join(folder, "notes.org"), "not watched");
    writeFileSync(other, "new");
    expect(await next()).toBe("b.org: new");
    writeFileSync(path, "two");
    expect(await next()).toBe("a.org: two");
    expect(heard).toHaveLength(3);
  });

  test("says what is wrong, and goes on", async () => {
    const path = join(freshFolder(), "sft.org");
    writeFileSync(path, Uint8Array.of(0x2a, 0x20, 0xff));
    const { next } = watching(path);
    expect(await next()).toBe(
      `input-invalid ${path} is not valid UTF-8 text; save it with the encoding UTF-8`,
    );
    truncateSync(path, ORG_BYTES_MAX + 1);
    expect(await next()).toBe(`input-too-large ${path} is larger than 4 MiB; split it into several files`);
    writeFileSync(path, "\uFEFF* whole again");
    expect(await next()).toBe("sft.org: * whole again");
  });

  test("a folder where the file should be is a problem with a name", async () => {
    const path = join(freshFolder(), "sft.org");
    mkdirSync(path);
    expect(await watching(path).next()).toContain(`${path} cannot be read (EISDIR)`);
  });

  test.runIf(process.platform !== "win32")(
    "a pipe where the file should be is a problem, not a wait",
    async () => {
      const path = join(freshFolder(), "sft.org");
      execFileSync("mkfifo", [path]);
      expect(await watching(path).next()).toContain(`not-a-file ${path} is a pipe`);
    },
  );

  test("after close nothing is handed over", async () => {
    const path = join(freshFolder(), "sft.org");
    writeFileSync(path, "one");
    const { next, heard, watch } = watching(path);
    await next();
    appendFileSync(path, " and two");
    await watch.close();
    // A second watch proves that the change could be seen by now.
    expect(await watching(path).next()).toBe("sft.org: one and two");
    expect(heard).toHaveLength(1);
  });
});
