/** The table of sources that a model card must carry: every package, its version, licence and share. */
import type { CorpusManifest } from "./documents.js";

/** A Markdown table, in the recipe's order. */
export function attributionTable(manifest: CorpusManifest): string {
  const rows = manifest.packages
    .filter(({ documents }) => documents > 0)
    .map(({ name, version, licence, documents, bytes, split }) => {
      const use = split === "valid" ? "validation" : "training";
      return `| ${name} | ${version} | ${licence} | ${documents} | ${(bytes / 1_000).toFixed(0)} | ${use} |`;
    });
  return [
    "| npm package | version | licence | files | kB | use |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
