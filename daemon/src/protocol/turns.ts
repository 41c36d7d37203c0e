/** The turns of a conversation. The client holds them; the daemon keeps only States of what it has read. */

import { z } from "zod";

/** A conversation's client sends all of its turns each time, so a daemon that was restarted answers on. */
const TURNS_MAX = 512;
/** Far above what the model's window can use. */
const TURN_CHARACTERS_MAX = 64 << 10;

/** All turns together: far above what anybody types, and still read within minutes. */
const TURNS_CHARACTERS_MAX = 1 << 20;

export const turnSchema = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  text: z.string().max(TURN_CHARACTERS_MAX),
});
export const turnsSchema = z
  .array(turnSchema)
  .min(1)
  .max(TURNS_MAX)
  .refine((turns) => turns.reduce((sum, { text }) => sum + text.length, 0) <= TURNS_CHARACTERS_MAX, {
    error: `a conversation holds at most ${TURNS_CHARACTERS_MAX} characters; begin a new one, or leave early turns out`,
  });
export type ChatTurn = z.infer<typeof turnSchema>;
