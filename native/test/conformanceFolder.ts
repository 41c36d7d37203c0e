/** Where the golden vectors lie, which are not part of the repository: beside it, or nowhere. */

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const FOLDER = resolve(import.meta.dirname, "../../../shared/conformance");

/** Why a golden test is skipped; `npm test -- --strict` counts that as a failure. */
export const NO_GOLDEN = "needs the golden folder beside the repository: ../shared/conformance";

/** The path of a golden file, where the folder is there. Tests that use it have a counterpart with own fixtures. */
export function conformancePath(file: string): string | undefined {
  const path = resolve(FOLDER, file);
  return existsSync(path) ? path : undefined;
}

/** The parsed JSON file, or `absent` without the folder. */
export function conformanceJson<Content>(file: string, absent: Content): Content {
  const path = conformancePath(file);
  return path ? (JSON.parse(readFileSync(path, "utf8")) as Content) : absent;
}
