/**
 * The chat view's HTML: one script and one style sheet of ours, each by nonce, and nothing else, from nowhere. The
 * sentences lie in an attribute, where nothing can be run. Pure.
 */

interface ChatPageParts {
  readonly nonce: string;
  readonly script: string;
  readonly style: string;
  /** VS Code's origin of this extension's files. */
  readonly source: string;
  readonly language: string;
  readonly strings: Readonly<Record<string, string>>;
}

export function chatPage({ nonce, script, style, source, language, strings }: ChatPageParts): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}' ${source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const attributes = `data-strings="${escaped(JSON.stringify(strings))}"`;
  return `<!DOCTYPE html>
<html lang="${escaped(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" nonce="${nonce}" href="${escaped(style)}">
<title>Ouroboros</title>
</head>
<body ${attributes}>
<script nonce="${nonce}" src="${escaped(script)}"></script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
