/** Makes elements. Text goes in as text, never as markup. */

import { ICONS, type IconName } from "./icons.js";

interface Attributes {
  readonly class?: string;
  readonly label?: string;
  readonly role?: string;
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (attributes.class !== undefined) made.className = attributes.class;
  if (attributes.label !== undefined) made.setAttribute("aria-label", attributes.label);
  if (attributes.role !== undefined) made.setAttribute("role", attributes.role);
  made.append(...children);
  return made;
}

/** A button with an icon; its label is what a screen reader says and what hovering shows. */
export function iconButton(options: {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: (button: HTMLButtonElement) => void;
}): HTMLButtonElement {
  const button = element("button", { class: "icon-button", label: options.label }, icon(options.icon));
  button.type = "button";
  button.title = options.label;
  button.addEventListener("click", () => options.onClick(button));
  return button;
}

export function textButton(options: {
  readonly text: string;
  readonly kind: "primary" | "secondary" | "link";
  readonly onClick: () => void;
}): HTMLButtonElement {
  const button = element("button", { class: `text-button ${options.kind}` }, options.text);
  button.type = "button";
  button.addEventListener("click", options.onClick);
  return button;
}

export function icon(name: IconName): SVGElement {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}
