/**
 * The handshake on the daemon's socket before LSP begins: one line of JSON each way. The client proves with the token
 * that it belongs to this user, and both sides learn whether they understand each other.
 */

import { z } from "zod";

/** With this code `ouro lsp` ends where the daemon's process is stopped: trying again at once helps nobody. */
export const EXIT_DAEMON_STOPPED = 4;

/** A longer first line is no hello. */
export const HANDSHAKE_BYTES_MAX = 4096;

export const clientHelloSchema = z.strictObject({
  ouroboros: z.literal("greeting"),
  token: z.string().max(256),
  protocol: z.strictObject({ min: z.int().positive(), max: z.int().positive() }),
  /** Version of the client's own copy of this product; a newer one may ask an older daemon to make room. */
  version: z.string().max(64),
  /** `lsp`: LSP follows. `drain`: finish what runs, write everything down, and end. */
  want: z.enum(["lsp", "drain"]),
});
export type ClientHello = z.infer<typeof clientHelloSchema>;

export const serverHelloSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    ouroboros: z.literal("answer"),
    kind: z.literal("welcome"),
    protocol: z.int().positive(),
    version: z.string(),
    pid: z.int().positive(),
  }),
  z.strictObject({
    ouroboros: z.literal("answer"),
    kind: z.literal("refused"),
    code: z.enum(["greeting-invalid", "token-wrong", "protocol-unknown", "draining", "too-many-clients"]),
    /** One sentence that names the way out. */
    message: z.string(),
    version: z.string(),
  }),
]);
export type ServerHello = z.infer<typeof serverHelloSchema>;
