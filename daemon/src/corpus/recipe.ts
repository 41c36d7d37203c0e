/**
 * A corpus recipe: which files of which npm packages, at which exact versions, make up a training corpus.
 * The door where recipe files are checked; everything behind it trusts the type.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../errors.js";
import { isExcludedPackage } from "./exclusion.js";
import { isAcceptedLicence } from "./licence.js";

// Strict on purpose: names and versions become arguments of the npm client.
const PackageName = z.string().regex(/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/);
const ExactVersion = z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, "must be one exact version");

const RecipePackage = z
  .strictObject({
    name: PackageName.refine((name) => !isExcludedPackage(name), "is kept out of every corpus (evaluation)"),
    version: ExactVersion,
    licence: z.string().refine(isAcceptedLicence, "is not an accepted licence"),
    /** As npm writes it: `sha512-` and base64. */
    integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/),
    include: z.array(z.string()).min(1),
    exclude: z.array(z.string()).default([]),
    /** Clean text taken at most; files are chosen by the hash of their path. */
    bytesMax: z.int().positive().optional(),
    declarations: z.enum(["keep", "drop"]).default("drop"),
    /** `valid`: never trained on; measures the model and the vocabulary. */
    split: z.enum(["train", "valid"]).default("train"),
  })
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
    packages: z.array(RecipePackage).min(1),
  })
  .readonly();

export type CorpusRecipe = z.infer<typeof Recipe>;
export type RecipePackage = z.infer<typeof RecipePackage>;

export function parseRecipe(value: unknown): CorpusRecipe {
  const parsed = Recipe.safeParse(value);
  if (!parsed.success)
    throw new AppError("input-invalid", `the corpus recipe is not valid:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Reads and checks a recipe file. Errors name the file. */
export async function readRecipe(path: string): Promise<CorpusRecipe> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new AppError("input-invalid", `cannot read the corpus recipe ${path}; it must be a JSON file`, {
      cause,
    });
  }
  return parseRecipe(value);
}
