/** The table of sources that a model card must carry: every package, where it is from, its licence and share. */
import type { CorpusManifest } from "../documents.js";

const REGISTRY_NAMES: ReadonlyMap<string, string> = new Map([
  ["npm", "npm"],
  ["pypi", "PyPI"],
  ["crates", "crates.io"],
  ["folder", "local folder"],
]);

export const ATTRIBUTION_FILE = "attribution.md";

/** A Markdown table, in the recipe's order. */
export function attributionTable(manifest: CorpusManifest): string {
  const rows = manifest.packages
    .filter(({ kept }) => kept.files > 0)
    .map(({ registry, name, version, licence, kept, split }) => {
      const from = REGISTRY_NAMES.get(registry) ?? registry;
      const use = split === "valid" ? "validation" : "training";
      return `| ${name} | ${from} | ${version} | ${licence} | ${kept.files} | ${(kept.bytes / 1_000).toFixed(0)} | ${use} |`;
    });
  return [
    "| package | from | version | licence | files | kB | use |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
