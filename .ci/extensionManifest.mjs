// Writes the part of the extension's manifest that follows from the settings' schema: `contributes.configuration` in
// package.json and the English sentences in package.nls.json. Everything else in the two files is kept as it is.
// Run it, and then `npm run format`, after a change of the editor's settings; a test fails while it is due.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./paths.mjs";

const folder = join(root, "extension");

/** The schema is TypeScript: it is bundled in memory to be read here. */
async function readConfiguration() {
  const { build } = createRequire(join(folder, "package.json"))("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(root, "configs", "src", "editorConfiguration.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const code = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${code}`);
}

const readJson = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));

/** What the files should hold, by name. */
export async function generatedManifest() {
  const { editorConfiguration, editorSettingSentences } = await readConfiguration();
  const manifest = readJson("package.json");
  manifest.contributes.configuration = editorConfiguration();
  const isGenerated = (key) => key.startsWith("setting.") || key === "configuration.title";
  const sentences = Object.entries(readJson("package.nls.json")).filter(([key]) => !isGenerated(key));
  return {
    "package.json": manifest,
    "package.nls.json": { ...Object.fromEntries(sentences), ...editorSettingSentences() },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, content] of Object.entries(await generatedManifest()))
    writeFileSync(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
}
