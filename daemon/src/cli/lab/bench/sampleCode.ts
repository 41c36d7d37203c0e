/** Code to type and to type in: as long as is asked for, no two functions alike, the same every time. */

const NOUNS = ["user", "order", "cart", "price", "token", "session", "invoice", "address"];

/** A function of eleven lines. */
function sampleFunction(number: number): string {
  const noun = NOUNS[number % NOUNS.length] ?? "item";
  const type = noun.slice(0, 1).toUpperCase() + noun.slice(1);
  return `export async function load${type}${number}(id: string): Promise<${type} | undefined> {
  const found = await ${noun}s.find(id);
  if (found === undefined) {
    logger.warn("${noun} not found", { id });
    return undefined;
  }
  for (const part of found.parts) {
    await validate(part, { depth: ${number % 7} });
  }
  return to${type}(found);
}
`;
}

/** Exactly so many lines. */
export function sampleCode(lines: number): string {
  const functions = Array.from({ length: Math.ceil(lines / 11) }, (_, number) => sampleFunction(number));
  return functions.join("").split("\n").slice(0, lines).join("\n");
}

/** Something that no model writes by itself, another for every number: a lesson that takes its steps. */
export function sampleLesson(number: number): string {
  const noun = NOUNS[(number * 3) % NOUNS.length] ?? "item";
  return `audit.${noun}Trail.push({ at: clock.tick(${number * 7}), of: "${noun}-${number}", by: whoami() });`;
}

/** What is typed: one more such function, key by key. */
export const TYPED = sampleFunction(3);
