/**
 * A corpus recipe: which files of which packages, at which exact versions, make up a training corpus. Packages come
 * from npm, PyPI and crates.io, or lie in a folder beside the recipe.
 * Recipe files are checked here, and everything behind trusts the type.
 */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { AppError } from "../../base/errors.js";
import { readRegularText } from "../../base/regularFile.js";
import { isExcludedPackage } from "./exclusion.js";
import { isAcceptedLicence } from "./sources/licence.js";

/** The fields that every source has, wherever it comes from. */
const taken = {
  /** An SPDX expression, as the package itself states it. */
  licence: z.string().refine(isAcceptedLicence, "is not an accepted licence"),
  include: z.array(z.string()).min(1),
  exclude: z.array(z.string()).default([]),
  /** Clean text taken at most; files are chosen by the hash of their path. */
  bytesMax: z.int().positive().optional(),
  declarations: z.enum(["keep", "drop"]).default("drop"),
  /** `valid`: never trained on; measures the model and the vocabulary. */
  split: z.enum(["train", "valid"]).default("train"),
};

// Strict on purpose: names and versions become arguments of the registries' clients.
function packageName(pattern: RegExp) {
  return z
    .string()
    .regex(pattern)
    .refine((name) => !isExcludedPackage(name), "is kept out of every corpus (evaluation)");
}
function exactVersion(pattern: RegExp) {
  return z.string().regex(pattern, "must be one exact version");
}
const SEMANTIC_VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits");

const NpmPackage = z.strictObject({
  registry: z.literal("npm"),
  name: packageName(/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/),
  version: exactVersion(SEMANTIC_VERSION),
  /** The archive's hash as npm writes it: `sha512-` and base64. */
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/),
  ...taken,
});

const PypiPackage = z.strictObject({
  registry: z.literal("pypi"),
  name: packageName(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/),
  /** PEP 440, without epochs. */
  version: exactVersion(/^\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?$/),
  /** The hash of the pure wheel (`py3-none-any`), as `pip hash` writes it. */
  integrity: sha256,
  ...taken,
});

const CratesPackage = z.strictObject({
  registry: z.literal("crates"),
  name: packageName(/^[A-Za-z][A-Za-z0-9_-]*$/),
  version: exactVersion(SEMANTIC_VERSION),
  /** The hash of the `.crate` file: the `checksum` of Cargo.lock behind `sha256:`. */
  integrity: sha256,
  ...taken,
});

const LocalFolder = z.strictObject({
  registry: z.literal("folder"),
  /** Relative to the recipe's own folder; `readRecipe` makes it absolute. */
  folder: z.string().min(1),
  name: packageName(/^[A-Za-z0-9@][A-Za-z0-9@/._-]*$/),
  ...taken,
});

/** An entry names its registry; without one it is an npm package, or a folder if it has one. */
function withRegistry(entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null || ("registry" in entry && entry.registry !== undefined))
    return entry;
  return { ...entry, registry: "folder" in entry ? "folder" : "npm" };
}

const Source = z
  .preprocess(
    withRegistry,
    z.discriminatedUnion("registry", [NpmPackage, PypiPackage, CratesPackage, LocalFolder]),
  )
  .readonly();

const Recipe = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    /** Left out of every package. */
    exclude: z.array(z.string()),
    /** Repeated from `exclusion.ts` for the reader; that file decides. */
    excludedPackages: z.array(z.string()),
    /** One training document in this many is held out for validation. */
    validEvery: z.int().min(2),
    /** sha256 of the documents that this recipe yields; a build that gives others says so. */
    documentsHash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    packages: z.array(Source).min(1),
  })
  .readonly();

export type CorpusRecipe = z.infer<typeof Recipe>;
export type RecipeSource = z.infer<typeof Source>;
/** A source that a registry's client fetches. */
export type RegistryPackage = Exclude<RecipeSource, { readonly registry: "folder" }>;
export type Registry = RegistryPackage["registry"];

/** A source's name in messages. */
export function sourceLabel(source: RecipeSource): string {
  return source.registry === "folder" ? source.name : `${source.name}@${source.version}`;
}

export function parseRecipe(value: unknown): CorpusRecipe {
  const parsed = Recipe.safeParse(value);
  if (!parsed.success)
    throw new AppError("input-invalid", `the corpus recipe is not valid:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Reads and checks a recipe file; its folders become absolute. Errors name the file. */
export async function readRecipe(path: string): Promise<CorpusRecipe> {
  let value: unknown;
  try {
    value = JSON.parse(await readRegularText(path));
  } catch (cause) {
    throw new AppError("input-invalid", `cannot read the corpus recipe ${path}; it must be a JSON file`, {
      cause,
    });
  }
  const recipe = parseRecipe(value);
  const packages = recipe.packages.map((source) =>
    source.registry === "folder" ? { ...source, folder: resolve(dirname(path), source.folder) } : source,
  );
  return { ...recipe, packages };
}
