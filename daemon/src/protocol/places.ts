/** Places in documents as LSP says them: lines and UTF-16 characters from 0; and what they are limited to. */

import { z } from "zod";

/** Longer documents are neither completed nor taught from. */
export const DOCUMENT_CHARACTERS_MAX = 16 << 20;
/** A text that is proposed, corrected or said; far above what learning takes, which says so itself. */
const TEXT_CHARACTERS_MAX = 256 << 10;

const uinteger = z.int().nonnegative().max(0x7fff_ffff);
export const uriSchema = z.string().min(1).max(8192);
export const textSchema = z.string().max(TEXT_CHARACTERS_MAX);
export const idSchema = z.string().min(1).max(64);

export const positionSchema = z.object({ line: uinteger, character: uinteger });
export const rangeSchema = z.object({ start: positionSchema, end: positionSchema });
export type Range = z.infer<typeof rangeSchema>;

export const documentSchema = z.object({ uri: uriSchema });

/** What a correction belongs to. Texts and what was learned from them never pass from one to another. */
export const projectSchema = z.strictObject({ id: z.string(), name: z.string() });
