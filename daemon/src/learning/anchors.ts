/**
 * Windows of general code on which learning must change nothing: each step is held to the base model on a few.
 * A window is split like a completion: the base reads its beginning, the adapted model its last tokens.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Tokenizer } from "../engine/engine.js";
import { AppError } from "../errors.js";

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

/** As the corpus builder writes it: token ids of one vocabulary, with their sources. */
const AnchorsFile = z.strictObject({
  vocabularyHash: z.string(),
  anchors: z
    .array(
      z.strictObject({
        package: z.string(),
        path: z.string(),
        tokens: z.array(z.int().nonnegative().max(0xffff_ffff)).max(4096),
      }),
    )
    .max(4096),
});

/** Positions of a window that are compared: what follows a fresh boundary is where an adapter acts strongest. */
const COMPARED_TOKENS = 16;
/** A window shorter than this in some vocabulary says too little. */
const TOKENS_MIN = 4;

export const NO_ANCHORS: Anchors = toAnchors([]);

/**
 * `vocabulary`: the one that the file's ids are of, where it is not the model's `tokenizer`; windows are then put
 * over into the model's. Throws `anchors-invalid`.
 */
export async function loadAnchors(options: {
  readonly path: string;
  readonly tokenizer: Tokenizer;
  readonly vocabulary?: Tokenizer;
}): Promise<Anchors> {
  const { path, tokenizer, vocabulary = tokenizer } = options;
  try {
    const file = AnchorsFile.parse(JSON.parse(await readFile(path, "utf8")));
    if (file.vocabularyHash !== vocabulary.hash) throw new Error("its ids are of another vocabulary");
    const isSame = tokenizer.hash === vocabulary.hash;
    const windows = file.anchors.map(({ tokens }, index) => {
      const ids = Uint32Array.from(tokens);
      const bytes = vocabulary.decodeBytes(ids);
      return { id: `a${index}`, tokens: isSame ? ids : tokenizer.encode(bytes) };
    });
    return toAnchors(windows);
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
