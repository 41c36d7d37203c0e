/**
 * Reads the user's settings.json in the data home; what a setting is stands in @ouroboros/configs. People write that
 * file by hand: comments, trailing commas and a byte order mark are read, and whatever is wrong costs no more than
 * itself, is said, and keeps nothing from starting. The file is never written.
 */

import { join } from "node:path";
import { parseSettings, type Settings, type SettingsProblem } from "@ouroboros/configs";
import { type ParseError, parse } from "jsonc-parser";
import { AppError, systemErrorCode } from "./errors.js";
import { readRegularFile } from "./regularFile.js";

const SETTINGS_FILE = "settings.json";
/** All settings with their explanations are a few KiB. */
const SETTINGS_BYTES_MAX = 1 << 20;

interface UserSettings {
  readonly settings: Settings;
  /** One sentence each, which names the file; empty where all is well. */
  readonly problems: readonly SettingsProblem[];
}

/** The settings of this data home; defaults where there is no file. Whatever is wrong with it is among `problems`. */
export async function readSettings(home: string): Promise<UserSettings> {
  const path = join(home, SETTINGS_FILE);
  const { value, problem } = await readWritten(path);
  const { settings, problems } = parseSettings(value);
  const named = problems.map(({ key, message }) => ({ key, message: `${path}: ${message}` }));
  return {
    settings,
    problems: problem === undefined ? named : [{ key: undefined, message: problem }, ...named],
  };
}

interface Written {
  readonly value: unknown;
  readonly problem?: string;
}

async function readWritten(path: string): Promise<Written> {
  try {
    const bytes = await readRegularFile(path, SETTINGS_BYTES_MAX + 1);
    if (bytes.length > SETTINGS_BYTES_MAX) return unread(`${path} is larger than a mebibyte`);
    return parseWritten(path, decode(bytes));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { value: {} };
    if (error instanceof AppError) return unread(error.message);
    return unread(`${path} cannot be read (${systemErrorCode(error) ?? "it is no JSON"})`);
  }
}

function unread(reason: string): Written {
  return { value: {}, problem: `${reason}; the default settings are used instead` };
}

/** Windows' older programs write UTF-16, and say so by its mark. */
function decode(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(bytes);
}

function parseWritten(path: string, text: string): Written {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true, allowEmptyContent: true }) ?? {};
  const [first] = errors;
  if (first === undefined) return { value };
  const line = text.slice(0, first.offset).split("\n").length;
  const readable = typeof value === "object" ? value : {};
  return {
    value: readable,
    problem: `${path} is no valid JSON at line ${line}; what can be read of it is used, mend the rest`,
  };
}
