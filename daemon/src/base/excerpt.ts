/** What fits into a notice: the first line with anything on it, cut to a readable length. */

const CHARACTERS_MAX = 80;

export function excerpt(text: string): string {
  const trimmed = text.trim();
  const [line = ""] = trimmed.split(/\r?\n/, 1);
  const characters = [...line];
  const isCut = characters.length > CHARACTERS_MAX || line.length < trimmed.length;
  return isCut ? `${characters.slice(0, CHARACTERS_MAX).join("")}…` : line;
}
