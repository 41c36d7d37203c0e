/**
 * Brackets of TypeScript and JavaScript that close what is not open. Knows comments, strings, templates with their
 * substitutions, and regular expressions where one may stand; no more of the grammar than that.
 */

const OPENER = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);
/** Comments and strings: one thing without brackets in it, from where it begins. */
const OPAQUE = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(["'])(?:\\[\s\S]|(?!\1)[^\\\n])*(?:\1|(?=\n)|$)/y;
const REGEX = /\/(?![/*])(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
/** A slash after one of these, or at the start, cannot divide. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};~^<>+*%-]|=>|\b(?:return|typeof|case|in|of|await|yield))\s*$/;
/** Template text up to its end or the next substitution. */
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y;

/**
 * The closing brackets at or after `from` that do not close the innermost open one. After such a bracket the scan goes
 * on as if it had closed the next one of its kind, where there is any.
 */
export function bracketFaults(text: string, from: number): number {
  const open: string[] = [];
  let faults = 0;
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found !== "";
  };
  /** Goes on within a template: to its end, or into a substitution. */
  const template = () => {
    skip(TEMPLATE_TEXT);
    if (text.startsWith("${", at)) open.push("${");
    at += text.startsWith("${", at) ? 2 : 1;
  };
  while (at < text.length) {
    if (skip(OPAQUE)) continue;
    const character = text.charAt(at);
    if (character === "/" && BEFORE_REGEX.test(text.slice(Math.max(0, at - 20), at)) && skip(REGEX)) continue;
    at++;
    if (character === "`") template();
    else if ("([{".includes(character)) open.push(character);
    else if (character === "}" && open.at(-1) === "${") {
      open.pop();
      template();
    } else {
      const opener = OPENER.get(character);
      if (opener === undefined) continue;
      if (open.at(-1) !== opener && at > from) faults++;
      const last = open.lastIndexOf(opener);
      // Nothing within a substitution closes what its template stands in.
      if (last > open.lastIndexOf("${")) open.length = last;
    }
  }
  return faults;
}
