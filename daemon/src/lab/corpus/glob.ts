/**
 * Path patterns of corpus recipes: `**` any folders, `*` within a name, `?` one character, `{a,b}` choices.
 * Matches whole paths with `/` between names. Knows no negation: recipes have `include` and `exclude` lists.
 */

/** A predicate over package paths that is true where at least one pattern matches. */
export function matcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(`^${toExpression(pattern)}$`));
  return (path) => expressions.some((expression) => expression.test(path));
}

function toExpression(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|[*?{},.+^$()|[\]\\]/g, (part) => {
    switch (part) {
      case "**/":
        return "(?:.*/)?";
      case "**":
        return ".*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      case "{":
        return "(?:";
      case "}":
        return ")";
      case ",":
        return "|";
      default:
        return `\\${part}`;
    }
  });
}
