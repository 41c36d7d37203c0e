// Formats the C++ sources with the pinned clang-format, or with `--check` only names the files that differ.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { root } from "./paths.mjs";

const clangFormat = createRequire(import.meta.url)("clang-format-node").getClangFormatPath(
  process.platform,
  process.arch,
);

function sources() {
  return ["src", "test"]
    .flatMap((folder) => readdirSync(join(root, "native", folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(h|cc)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

const isCheck = process.argv.includes("--check");
const { status } = spawnSync(clangFormat, [...(isCheck ? ["--dry-run", "--Werror"] : ["-i"]), ...sources()], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) {
  console.error(
    isCheck ? "Some C++ files are not formatted; `npm run format` mends them." : "clang-format failed.",
  );
  process.exit(1);
}
