/** Tokenizer cases: encoding bytes and text, and decoding back, all exact. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { TokenizerCard } from "./goldenCard.js";
import { readFileIfPresent } from "./goldenFile.js";
import type { Subject } from "./subject.js";
import type { Tally } from "./tally.js";

/** `json` is the text of a `*_cases.json`; `vocabularies` are files or folders where its vocabulary may lie. */
export async function checkTokenizer(options: {
  readonly json: string;
  readonly vocabularies: readonly string[];
  readonly subject: Subject;
  readonly tally: Tally;
}) {
  const { subject, tally } = options;
  const card = TokenizerCard.parse(JSON.parse(options.json));
  const path = await findVocabulary(card.vocab, options.vocabularies);
  if (!path) {
    const reason = "no such vocabulary file was found; pass it with --vocab FILE";
    return tally.fail({ name: card.vocab.name, reason });
  }
  const tokenizer = subject.openTokenizer(path);
  card.cases.forEach((golden, index) => {
    const name = `case ${index} ${JSON.stringify(golden.text ?? golden.bytes_hex)}`;
    const bytes = Buffer.from(golden.bytes_hex, "hex");
    const ids = Uint32Array.from(golden.ids);
    tally.equal({
      name: `${name} bytes`,
      actual: [...Array.from(tokenizer.encode(bytes))],
      expected: golden.ids,
    });
    const decoded = Buffer.from(tokenizer.decodeBytes(ids)).toString("hex");
    tally.equal({ name: `${name} decoded bytes`, actual: decoded, expected: golden.bytes_hex });
    if (golden.text === null) return;
    tally.equal({
      name: `${name} text`,
      actual: Array.from(tokenizer.encode(golden.text)),
      expected: golden.ids,
    });
    tally.equal({ name: `${name} decoded text`, actual: tokenizer.decode(ids), expected: golden.text });
  });
}

/** The first candidate that has the right hash; where the card gives none, the first that exists. */
async function findVocabulary(vocab: TokenizerCard["vocab"], candidates: readonly string[]) {
  for (const candidate of candidates.flatMap((place) => [join(place, vocab.name), place])) {
    const bytes = await readFileIfPresent(candidate);
    if (!bytes) continue;
    const hash = createHash("sha256").update(bytes).digest("hex");
    if (vocab.sha256 === undefined || vocab.sha256 === hash) return candidate;
  }
  return undefined;
}
