/**
 * Turns the bytes of tokens, as they come, into text that may be shown: never half a character, never a part of the
 * stop text that a completion ends before, and not the lead, which stands before the cursor already.
 */

export interface TextStream {
  write(bytes: Uint8Array): void;
  /** Shows what was held back and returns the whole text, cut before the stop text. */
  end(): string;
}

export function createTextStream(options: {
  /** Empty: there is none. */
  readonly stop: string;
  /** Left out where the text begins with it. */
  readonly lead: string;
  readonly onText: (text: string) => void;
}): TextStream {
  const { stop, lead, onText } = options;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let shownLength = 0;
  const begin = () => (text.startsWith(lead) ? lead.length : lead.startsWith(text) ? text.length : 0);
  const showUpTo = (end: number) => {
    shownLength = Math.max(shownLength, begin());
    if (end > shownLength) onText(text.slice(shownLength, end));
    shownLength = Math.max(shownLength, end);
  };
  const stopIndex = () => (stop === "" ? -1 : text.indexOf(stop));
  return {
    write(bytes) {
      text += decoder.decode(bytes, { stream: true });
      const found = stopIndex();
      showUpTo(found >= 0 ? found : text.length - heldBack(text, stop));
    },
    end() {
      text += decoder.decode();
      const found = stopIndex();
      const end = found >= 0 ? found : text.length;
      showUpTo(end);
      return text.slice(Math.min(begin(), end), end);
    },
  };
}

/** How many characters at the end of `text` may be the beginning of `stop`. */
function heldBack(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
