/**
 * The licence that a package states about itself, as an SPDX expression: package.json for npm, METADATA for PyPI,
 * Cargo.toml for crates.io; for a folder any of its manifests, or its licence text.
 */
import { parse as parseToml } from "smol-toml";
import { z } from "zod";
import type { RecipeSource } from "../recipe.js";
import { licenceOfText } from "./licence.js";
import type { PackageFile } from "./packageFile.js";
import { isWheelMetadata, readWheelMetadata } from "./wheelMetadata.js";

/** The files that `statedLicence` reads: they must be unpacked even when a recipe does not take them. */
export function isLicenceEvidence(path: string): boolean {
  return path === "package.json" || path === "Cargo.toml" || isWheelMetadata(path) || isLicenceText(path);
}

/** Undefined when the package states none that can be read as SPDX, a damaged manifest included. */
export function statedLicence(
  registry: RecipeSource["registry"],
  files: readonly PackageFile[],
): string | undefined {
  switch (registry) {
    case "npm":
      return npmLicence(files);
    case "pypi":
      return pypiLicence(files);
    case "crates":
      return cratesLicence(files);
    case "folder":
      return npmLicence(files) ?? cratesLicence(files) ?? licenceFromText(files);
  }
}

const PackageJson = z.object({ license: z.union([z.string(), z.object({ type: z.string() })]) });

function npmLicence(files: readonly PackageFile[]): string | undefined {
  const text = textOf(files, (path) => path === "package.json");
  const parsed = PackageJson.safeParse(parsedBy(JSON.parse, text));
  if (!parsed.success) return undefined;
  const { license } = parsed.data;
  return typeof license === "string" ? license : license.type;
}

const CargoToml = z.object({ package: z.object({ license: z.string() }) });

/** Older crates write `MIT/Apache-2.0`, which Cargo defines as `OR`. */
function cratesLicence(files: readonly PackageFile[]): string | undefined {
  const text = textOf(files, (path) => path === "Cargo.toml");
  const parsed = CargoToml.safeParse(parsedBy(parseToml, text));
  return parsed.success ? parsed.data.package.license.replaceAll(/\s*\/\s*/g, " OR ") : undefined;
}

/** `License-Expression` (PEP 639) decides; older wheels have free words in `License`, or classifiers. */
function pypiLicence(files: readonly PackageFile[]): string | undefined {
  const text = textOf(files, isWheelMetadata);
  if (text === undefined) return undefined;
  const { fields } = readWheelMetadata(text);
  const [expression] = fields("License-Expression");
  if (expression !== undefined) return expression;
  const classified = fields("Classifier").flatMap((line) => /^License :: .* :: (.+)$/.exec(line)?.[1] ?? []);
  const words = fields("License").filter((word) => LICENCE_WORDS.has(word.toLowerCase()));
  const stated = words.length > 0 ? words : classified;
  const identifiers = stated.map((word) => LICENCE_WORDS.get(word.toLowerCase()) ?? licenceFromText(files));
  const known = identifiers.filter((identifier) => identifier !== undefined);
  if (known.length === 0 || known.length < stated.length) return undefined;
  // Several classifiers do not say whether one may choose, so all of them have to be accepted.
  return [...new Set(known)].join(" AND ");
}

/** Licences as wheels state them before PEP 639, in lower case. `undefined`: only the licence text shows which it is. */
const LICENCE_WORDS: ReadonlyMap<string, string | undefined> = new Map([
  ["mit", "MIT"],
  ["mit license", "MIT"],
  ["apache-2.0", "Apache-2.0"],
  ["apache 2.0", "Apache-2.0"],
  ["apache 2.0 license", "Apache-2.0"],
  ["apache license 2.0", "Apache-2.0"],
  ["apache license, version 2.0", "Apache-2.0"],
  ["apache software license", "Apache-2.0"],
  ["bsd-2-clause", "BSD-2-Clause"],
  ["bsd-3-clause", "BSD-3-Clause"],
  ["bsd 3-clause license", "BSD-3-Clause"],
  ["isc", "ISC"],
  ["isc license (iscl)", "ISC"],
  ["bsd", undefined],
  ["bsd license", undefined],
]);

function licenceFromText(files: readonly PackageFile[]): string | undefined {
  const text = textOf(files, isLicenceText);
  return text === undefined ? undefined : licenceOfText(text);
}

/** At the top of a folder, or where wheels keep theirs. */
function isLicenceText(path: string): boolean {
  return /^([^/]+\.dist-info\/(licenses\/)?)?(LICEN[CS]E|COPYING)(\.(md|txt|rst))?$/i.test(path);
}

function parsedBy(parse: (text: string) => unknown, text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parse(text);
  } catch {
    return undefined;
  }
}

function textOf(files: readonly PackageFile[], isIt: (path: string) => boolean): string | undefined {
  const file = files.find(({ path }) => isIt(path));
  return file === undefined ? undefined : Buffer.from(file.bytes).toString("utf8");
}
