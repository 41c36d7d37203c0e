/** `ouro corpus build`: from a recipe of packages to clean training texts on disk. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { locateDataHome } from "../../base/dataHome.js";
import { AppError } from "../../base/errors.js";
import { buildCorpus, isReproduced } from "../../lab/corpus/buildCorpus.js";
import type { CorpusManifest } from "../../lab/corpus/documents.js";
import { readRecipe } from "../../lab/corpus/recipe.js";
import { type Cli, InterruptedCommand, printJson } from "../cli.js";
import { formatBytes, formatCount, formatTable } from "../format.js";
import { addCommonOptions, commonSchema, examples } from "../options.js";

const require = createRequire(import.meta.url);

const buildSchema = commonSchema.extend({ output: z.string().optional() });

/** A recipe is a file of one's own, or the name of one in configs/corpora. */
export function recipePath(recipe: string): string {
  if (/[./\\]/.test(recipe)) return recipe;
  return join(dirname(require.resolve("@ouroboros/configs/package.json")), "corpora", `${recipe}.json`);
}

/** Where a corpus is built when nobody says otherwise. */
export function corpusFolder(options: { readonly homeRoot: string; readonly name: string }): string {
  return join(options.homeRoot, "corpora", options.name);
}

export function corpusCommand(cli: Cli): Command {
  const build = addCommonOptions(new Command("build"))
    .description("Fetch the packages of a recipe, clean their sources and write them as training texts.")
    .argument("[recipe]", "a recipe file, or the name of a shipped one", "embedded")
    .option(
      "--output <dir>",
      "folder for documents, manifest and table of sources (default: in the data home)",
    )
    .addHelpText("after", examples("ouro corpus build", "ouro corpus build my-recipe.json --output corpus"))
    .action(async (recipe: string, _options, command: Command) => {
      const options = buildSchema.parse(command.opts());
      const homeRoot = locateDataHome({ OURO_HOME: options.home ?? cli.environment.OURO_HOME }).root;
      const path = recipePath(recipe);
      const parsed = await readRecipe(path);
      const folder = options.output ?? corpusFolder({ homeRoot, name: parsed.name });
      const built = await buildCorpus({
        recipe: parsed,
        folder,
        signal: cli.signal,
        onProgress: cli.showProgress,
      });
      if (built.kind === "cancelled") {
        throw new InterruptedCommand(
          "Stopped. What was fetched is kept; the same command goes on from there.",
        );
      }
      const { manifest } = built;
      const reproduced = isReproduced(parsed, manifest);
      if (options.json) printJson(cli, { folder, reproduced: reproduced ?? null, ...manifest });
      else cli.print(describe({ folder, manifest, reproduced }));
      if (reproduced === false) throw differs({ path, expected: parsed.documentsHash, manifest });
    });
  return new Command("corpus")
    .description("Texts to train on, from packages of npm, PyPI and crates.io and from local folders.")
    .addCommand(build);
}

function describe(options: {
  readonly folder: string;
  readonly manifest: CorpusManifest;
  readonly reproduced: boolean | undefined;
}): string {
  const { folder, manifest, reproduced } = options;
  const languages = Object.entries(manifest.bytesByLanguage).sort(([, a], [, b]) => b - a);
  return [
    `${formatCount(manifest.documents)} texts, ${formatBytes(manifest.bytes)}, from ${manifest.packages.length} packages\n`,
    formatTable(languages.map(([language, bytes]) => [`  ${language}`, formatBytes(bytes)])),
    `documents ${manifest.documentsHash}${reproduced === true ? ", as the recipe expects" : ""}\n`,
    `in ${folder}\n`,
  ].join("");
}

function differs(options: {
  readonly path: string;
  readonly expected: string | undefined;
  readonly manifest: CorpusManifest;
}): AppError {
  const { path, expected, manifest } = options;
  return new AppError(
    "input-invalid",
    `the corpus is not the one that ${path} expects (documentsHash ${expected}); if you changed the recipe, set it to ${manifest.documentsHash}`,
  );
}
