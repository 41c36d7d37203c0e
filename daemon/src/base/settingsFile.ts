/** Reads the user's settings.json in the data home; what a setting is stands in @ouroboros/configs. */

import { join } from "node:path";
import { parseSettings, type Settings } from "@ouroboros/configs";
import { AppError, systemErrorCode } from "./errors.js";
import { readRegularText } from "./regularFile.js";

const SETTINGS_FILE = "settings.json";

async function readRaw(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readRegularText(path));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return {};
    if (error instanceof AppError) throw error;
    if (error instanceof SyntaxError) {
      throw new AppError(
        "settings-invalid",
        `${path} is not valid JSON (${error.message}); mend it or delete it.`,
        {
          cause: error,
        },
      );
    }
    throw new AppError("settings-invalid", `${path} cannot be read; check its permissions.`, {
      cause: error,
    });
  }
}

/** The settings of this data home; defaults where there is no file. Throws AppError `settings-invalid`. */
export async function readSettings(home: string): Promise<Settings> {
  const path = join(home, SETTINGS_FILE);
  const parsed = parseSettings(await readRaw(path));
  if (parsed.kind === "settings") return parsed.settings;
  throw new AppError("settings-invalid", `${path}: ${parsed.problem}.`);
}
