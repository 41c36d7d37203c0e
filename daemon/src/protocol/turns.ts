/** The turns of a conversation. The client holds them; the daemon keeps only States of what it has read. */

import { z } from "zod";

/** A conversation's client sends all of its turns each time, so a daemon that was restarted answers on. */
const TURNS_MAX = 512;
/** Far above what the model's window can use. */
const TURN_CHARACTERS_MAX = 64 << 10;

export const turnSchema = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  text: z.string().max(TURN_CHARACTERS_MAX),
});
export const turnsSchema = z.array(turnSchema).min(1).max(TURNS_MAX);
export type ChatTurn = z.infer<typeof turnSchema>;
