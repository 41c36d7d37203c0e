/** Cuts a text that grows into whole sentences, for a screen reader: one announcement each, not one per token. Pure. */

interface Sentences {
  /** Sentences that became whole since the last call. */
  readonly spoken: readonly string[];
  /** How far the text was spoken. */
  readonly spokenTo: number;
}

/** A text without an end is spoken piece by piece all the same. */
const PIECE_MAX = 300;

export function newSentences(options: {
  readonly text: string;
  readonly spokenTo: number;
  /** The rest is spoken too. */
  readonly isWhole: boolean;
}): Sentences {
  const { text, spokenTo, isWhole } = options;
  const spoken: string[] = [];
  let from = Math.min(spokenTo, text.length);
  const speakTo = (end: number) => {
    const sentence = text.slice(from, end).trim();
    if (sentence !== "") spoken.push(sentence);
    from = end;
  };
  for (const { index, 0: mark } of text.matchAll(/[.!?]+\s|[。!?]|\n+/g)) {
    if (index + mark.length > from) speakTo(index + mark.length);
  }
  while (text.length - from > PIECE_MAX) speakTo(from + PIECE_MAX);
  if (isWhole) speakTo(text.length);
  return { spoken, spokenTo: from };
}
