/** A text box that grows with its text: the composer and the edit of a turn are both one. */

import { element } from "./element.js";

interface TextBox {
  readonly box: HTMLTextAreaElement;
  readonly fit: () => void;
}

/** A higher one scrolls, so that the conversation stays in sight. */
const HEIGHT_MAX = 320;

export function textBox(options: {
  readonly label: string;
  readonly placeholder: string;
  readonly text: string;
  /** Undefined: Enter breaks the line. */
  readonly onEnter: (() => void) | undefined;
  readonly onEscape: () => void;
}): TextBox {
  const box = element("textarea", { label: options.label });
  box.rows = 1;
  box.placeholder = options.placeholder;
  box.value = options.text;
  const fit = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(HEIGHT_MAX, box.scrollHeight + 2)}px`;
  };
  box.addEventListener("input", fit);
  box.addEventListener("keydown", (event) => {
    // Enter ends a word that is being composed (Chinese, Japanese): that is not sending.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && options.onEnter) {
      event.preventDefault();
      options.onEnter();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      options.onEscape();
    }
  });
  return { box, fit };
}
