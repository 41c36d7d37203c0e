/**
 * From what a settings file holds to settings that can be used. A value that does not fit its key gives way to that
 * key's default, what is no setting is left alone, and both are said in one sentence each. Pure.
 */

import { z } from "zod";
import { editDistance } from "./editDistance.js";
import {
  editorSettingsSchema,
  fittingValues,
  SETTING_KEYS,
  type Settings,
  settingsSchema,
} from "./settings.js";

export interface SettingsProblem {
  /** The setting that it is about; undefined where what was written is none. */
  readonly key: string | undefined;
  /** What is wrong, what was expected, and what is used instead. */
  readonly message: string;
}

interface ParsedSettings {
  readonly settings: Settings;
  readonly problems: readonly SettingsProblem[];
}

/** Nobody reads more; a file in which more is wrong is no settings file. */
const PROBLEMS_MAX = 10;
/** A slip of the fingers; a word that is further away is another word. */
const NEAR_EDITS_MAX = 3;
/** Of a key or value that is not ours, as much as tells which one is meant. */
const SHOWN_CHARACTERS_MAX = 60;

export function parseSettings(raw: unknown): ParsedSettings {
  const written = z.record(z.string(), z.unknown()).safeParse(raw);
  if (!written.success) {
    const message = "it must hold one JSON object of settings; the defaults are used instead";
    return { settings: settingsSchema.parse({}), problems: [{ key: undefined, message }] };
  }
  const fitting = fittingValues(settingsSchema.shape, written.data);
  const wrong = Object.entries(written.data).filter(([key]) => !Object.hasOwn(fitting, key));
  return {
    settings: settingsSchema.parse(fitting),
    problems: wrong.slice(0, PROBLEMS_MAX).map(([key, value]) => problemOf(key, value)),
  };
}

function problemOf(key: string, value: unknown): SettingsProblem {
  const schema = new Map<string, z.ZodType>(Object.entries(settingsSchema.shape)).get(key);
  if (schema !== undefined) {
    const { expected, byDefault } = describeSchema(schema);
    const message = `${shown(key)} is ${shown(value)} where ${expected} is expected; ${byDefault}, the default, is used instead`;
    return { key, message };
  }
  if (Object.hasOwn(editorSettingsSchema.shape, key)) {
    return { key: undefined, message: `${shown(key)} is a setting of the editor and has no effect here` };
  }
  const near = nearKey(key);
  const guess = near === undefined ? "" : `; did you mean ${shown(near)}?`;
  return { key: undefined, message: `${shown(key)} is no setting and is ignored${guess}` };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}…`;
}

/** In words, out of the schema: a limit stands in one place. */
function describeSchema(schema: z.ZodType): { readonly expected: string; readonly byDefault: string } {
  const {
    type,
    enum: names,
    minimum = 0,
    maximum,
    default: byDefault,
  } = z.toJSONSchema(schema, { io: "input" });
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? "on" : `to ${maximum}`;
  const number = type === "integer" ? "a whole number" : "a number";
  const expected = names ? `one of ${names.map(shown).join(", ")}` : `${number} from ${minimum} ${most}`;
  return { expected, byDefault: shown(byDefault) };
}

/** The setting that was meant: a few characters off, or written without its beginning. */
function nearKey(wrong: string): string | undefined {
  const distances = SETTING_KEYS.map((key) => ({
    key,
    edits: key.endsWith(`.${wrong}`) ? 0 : editDistance(wrong.slice(0, 2 * SHOWN_CHARACTERS_MAX), key),
  }));
  distances.sort((a, b) => a.edits - b.edits);
  return distances.find(({ edits }) => edits <= NEAR_EDITS_MAX)?.key;
}
