/**
 * Short conversations made from the corpus itself: finish a line, rename in a line, what a documented thing does,
 * what a section is about. They teach the shape of turns; a model of this size learns little more from them. Pure.
 */

import type { Random } from "../../../base/random.js";
import { drawRenaming, hasIdentifier, rename } from "./identifiers.js";

interface Turn {
  readonly role: "user" | "assistant";
  readonly text: string;
}

const DOCUMENTED =
  /\/\*\*\s+\* ([A-Z][^\n@]{15,160}\.)\n(?:[^\n]*\n){0,10}?\s*\*\/\n\s*(?:export )?(?:declare )?(?:async )?(?:const|function|class|interface|type) (\w+)/g;
const SECTION = /^#{1,4} ([^\n]{3,60})\n+([A-Z][^\n]{20,240}?[.:])(?:\s|$)/gm;

/** A question and its answer, or undefined where the text offers none. */
export function drawChat(text: string, random: Random): readonly [Turn, Turn] | undefined {
  const makers = [finishLine, renameInLine, explain, describeSection];
  const first = random.below(makers.length);
  for (let i = 0; i < makers.length; i++) {
    const turns = makers[(first + i) % makers.length]?.(text, random);
    if (turns !== undefined) return turns;
  }
  return undefined;
}

function turns(question: string, answer: string): readonly [Turn, Turn] {
  return [
    { role: "user", text: question },
    { role: "assistant", text: answer },
  ];
}

function finishLine(text: string, random: Random): readonly [Turn, Turn] | undefined {
  const line = pick(codeLines(text), random);
  if (line === undefined) return undefined;
  const cut = 4 + random.below(line.length - 8);
  return turns(`Complete this line: ${line.slice(0, cut)}`, line);
}

function renameInLine(text: string, random: Random): readonly [Turn, Turn] | undefined {
  const renaming = drawRenaming(text, random);
  if (renaming === undefined) return undefined;
  const line = pick(
    codeLines(text).filter((candidate) => hasIdentifier(candidate, renaming.from)),
    random,
  );
  if (line === undefined) return undefined;
  return turns(`Rename ${renaming.from} to ${renaming.to}: ${line}`, rename(line, renaming));
}

function explain(text: string, random: Random): readonly [Turn, Turn] | undefined {
  const [, answer, name] = pick([...text.matchAll(DOCUMENTED)], random) ?? [];
  return answer === undefined || name === undefined ? undefined : turns(`What does ${name} do?`, answer);
}

function describeSection(text: string, random: Random): readonly [Turn, Turn] | undefined {
  const [, title, answer] = pick([...text.matchAll(SECTION)], random) ?? [];
  return title === undefined || answer === undefined ? undefined : turns(`Tell me about: ${title}`, answer);
}

function codeLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.length >= 16 && line.length <= 100 && !/^(\*|\/\/|\/\*|#)/.test(line));
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[random.below(items.length)];
}
