/**
 * Windows of general code on which learning must change nothing: each step is held to the base model on a few.
 * A window is split like a completion: the base reads its beginning, the adapted model its last tokens.
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "../base/errors.js";
import { readRegularText } from "../base/regularFile.js";
import type { Tokenizer } from "../engine/engine.js";

export interface Anchor {
  readonly id: string;
  /** Read by the base. */
  readonly prefix: Uint32Array;
  /** Read by the adapted model; predictions after each but the last are held to the base. */
  readonly tokens: Uint32Array;
}

export interface Anchors {
  readonly windows: readonly Anchor[];
  /** sha256 over all tokens: two lists with one hash train alike. */
  readonly hash: string;
}

/** Texts, not tokens, so that one file serves every vocabulary. */
const AnchorsFile = z.strictObject({
  v: z.literal(1),
  windows: z
    .array(z.strictObject({ id: z.string().min(1).max(64), text: z.string().min(1).max(16_384) }))
    .max(4096),
});

/** Positions of a window that are compared: what follows a fresh boundary is where an adapter acts strongest. */
const COMPARED_TOKENS = 16;
/** A window shorter than this in some vocabulary says too little. */
const TOKENS_MIN = 4;

export const NO_ANCHORS: Anchors = toAnchors([]);

/** Throws `anchors-invalid`. */
export async function loadAnchors(options: {
  readonly path: string;
  readonly tokenizer: Tokenizer;
}): Promise<Anchors> {
  const { path, tokenizer } = options;
  try {
    const file = AnchorsFile.parse(JSON.parse(await readRegularText(path)));
    return toAnchors(file.windows.map(({ id, text }) => ({ id, tokens: tokenizer.encode(text) })));
  } catch (error) {
    throw new AppError(
      "anchors-invalid",
      `${path} is not a readable list of anchors; install Ouroboros anew`,
      {
        cause: error,
      },
    );
  }
}

export function toAnchors(
  windows: readonly { readonly id: string; readonly tokens: Uint32Array }[],
): Anchors {
  const hash = createHash("sha256");
  const anchors: Anchor[] = [];
  for (const { id, tokens } of windows) {
    if (tokens.length < TOKENS_MIN) continue;
    // The adapted model must read one token before it can be compared on the next.
    const split = Math.max(0, tokens.length - COMPARED_TOKENS - 1);
    hash.update(`${id} ${split} ${tokens.join(" ")}\n`);
    anchors.push({ id, prefix: tokens.slice(0, split), tokens: tokens.slice(split) });
  }
  return { windows: anchors, hash: hash.digest("hex") };
}
