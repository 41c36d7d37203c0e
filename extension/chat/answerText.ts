/**
 * Turns an answer's markdown into elements. A model wrote it, so nothing in it is trusted: no HTML, no images, no
 * addresses that load anything; what markdown made is sanitised once more, and a link is a button that asks first.
 */

import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import { element, iconButton } from "./element.js";
import { filled, send, strings } from "./webviewApi.js";

const TAGS = [
  ..."p br hr em strong s code pre blockquote ul ol li h1 h2 h3 h4 h5 h6".split(" "),
  ..."table thead tbody tr th td a".split(" "),
];
/** How long the copy button shows that it copied. */
const COPIED_MS = 1_500;

const markdown = new MarkdownIt({ html: false, linkify: false, breaks: true }).disable("image");

export function answerText(text: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(markdown.render(text), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll("a")) link.replaceWith(linkButton(link));
  for (const block of fragment.querySelectorAll("pre")) block.replaceWith(codeBlock(block));
  return fragment;
}

/** A button that names its address; the extension asks before it opens anything. */
function linkButton(link: HTMLAnchorElement): Node {
  const address = link.getAttribute("href") ?? "";
  const words = link.textContent ?? "";
  if (!/^https?:\/\//i.test(address)) return document.createTextNode(words);
  const button = element("button", { class: "link", label: filled(strings.openLink, address) }, words);
  button.type = "button";
  button.title = address;
  button.addEventListener("click", () => send({ kind: "open-link", address }));
  return button;
}

function codeBlock(block: HTMLPreElement): HTMLElement {
  const code = (block.textContent ?? "").replace(/\n$/, "");
  const copy = iconButton({
    icon: "copy",
    label: strings.copy,
    onClick: (button) => {
      send({ kind: "copy", text: code });
      showCopied(button);
    },
  });
  const insert = iconButton({
    icon: "insert",
    label: strings.insert,
    onClick: () => send({ kind: "insert", text: code }),
  });
  const tools = element("div", { class: "code-tools" }, insert, copy);
  const text = element("pre", {}, element("code", {}, code));
  // A long line is read by scrolling, which the keyboard can do only where it can stand.
  text.tabIndex = 0;
  return element("div", { class: "code" }, tools, text);
}

export function showCopied(button: HTMLButtonElement): void {
  const label = button.title;
  button.title = strings.copied;
  button.setAttribute("aria-label", strings.copied);
  button.classList.add("is-done");
  setTimeout(() => {
    button.title = label;
    button.setAttribute("aria-label", label);
    button.classList.remove("is-done");
  }, COPIED_MS);
}
