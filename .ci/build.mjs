// Builds the native addon (cmake-js) and bundles the daemon (esbuild). `--native` or `--bundle` does one of them.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(root, "native", "package.json"));

function buildNative() {
  const cmakeJs = join(dirname(require.resolve("cmake-js/package.json")), "bin", "cmake-js");
  const result = spawnSync(
    process.execPath,
    [
      cmakeJs,
      "compile",
      "--directory",
      join(root, "native"),
      `--CDNODE_API_HEADERS_DIR=${require("node-api-headers").include_dir}`,
      `--CDNODE_ADDON_API_DIR=${dirname(require.resolve("node-addon-api/package.json"))}`,
      "--parallel",
      "2",
    ],
    { stdio: "inherit" },
  );
  if (result.status !== 0) process.exit(result.status ?? 1);
}

buildNative();
