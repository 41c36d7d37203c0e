#!/usr/bin/env node
// The `ouro` command: starts the bundle that `npm start`, `npm test` and `npm run build` make.
// Committed as it is, so that npm links it before anything is built.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const bundle = fileURLToPath(new URL("../dist/ouro.cjs", import.meta.url));
if (existsSync(bundle)) {
  createRequire(import.meta.url)(bundle);
} else {
  console.error(
    "ouro is not built yet: run `npm start` (with a demo) or `npm run build` in the project's folder.",
  );
  process.exitCode = 1;
}
