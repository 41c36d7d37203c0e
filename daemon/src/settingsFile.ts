/** Reads and writes the user's settings.json in the data home; what a setting is stands in @ouroboros/configs. */

import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { parseSettings, type SettingKey, type Settings } from "@ouroboros/configs";
import { AppError, systemErrorCode } from "./errors.js";

export const SETTINGS_FILE = "settings.json";

async function readRaw(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return {};
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

/** Changes the given keys and leaves everything else in the file as it is. Atomic: temp + fsync + rename. */
export async function writeSettings(options: {
  readonly home: string;
  readonly changes: Partial<Record<SettingKey, string | number>>;
}): Promise<void> {
  await readSettings(options.home);
  const path = join(options.home, SETTINGS_FILE);
  const raw = await readRaw(path);
  const next = { ...(typeof raw === "object" ? raw : {}), ...options.changes };
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(`${JSON.stringify(next, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
