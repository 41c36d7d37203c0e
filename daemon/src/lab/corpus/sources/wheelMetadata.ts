/** The METADATA file of a wheel: header fields, then a description ("core metadata", PEP 566 and 639). */

interface WheelMetadata {
  /** Every value of a field, in order; continuation lines belong to the value above them. */
  readonly fields: (name: string) => string[];
  /** The README as PyPI shows it, and its type (`text/markdown`, `text/x-rst`). */
  readonly description: string;
  readonly descriptionType: string | undefined;
}

export function isWheelMetadata(path: string): boolean {
  return /^[^/]+\.dist-info\/METADATA$/.test(path);
}

export function readWheelMetadata(text: string): WheelMetadata {
  const unix = text.replaceAll("\r\n", "\n");
  const end = unix.indexOf("\n\n");
  const head = end === -1 ? unix : unix.slice(0, end);
  const lines = head.replaceAll(/\n[ \t]+/g, " ").split("\n");
  const fields = (name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2).trim()] : []));
  return {
    fields,
    description: end === -1 ? "" : unix.slice(end + 2),
    descriptionType: fields("Description-Content-Type")[0]?.split(";")[0]?.trim(),
  };
}
