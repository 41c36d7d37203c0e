/** How numbers and short texts look to a person. Pure; nothing here is meant to be parsed. */

/** "0.42 s", "12 s", "3 min 5 s", "2 h 10 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "512 B", "3.2 KiB", "14.1 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB"] as const;
  let value = bytes / 1024;
  let unit: string = units[0];
  for (const larger of units.slice(1)) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** 12345678 → "12,345,678". */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** What moves a terminal's cursor, colours it, or turns the writing round. */
const CONTROLS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A text on one line, its line ends, tabs and controls made visible, with what does not fit replaced by an ellipsis. */
export function oneLine({ text, widthMax }: { readonly text: string; readonly widthMax: number }): string {
  const line = text
    .replaceAll(/\r\n|[\r\n]/g, "⏎")
    .replaceAll("\t", "→")
    .replaceAll(CONTROLS, "�");
  const characters = [...line];
  return characters.length <= widthMax ? line : `${characters.slice(0, widthMax - 1).join("")}…`;
}

/** Rows as columns two spaces apart; numbers are the caller's business. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, [...cell].length);
  }
  const pad = (cell: string, index: number) => cell + " ".repeat((widths[index] ?? 0) - [...cell].length);
  return rows.map((row) => `${row.map(pad).join("  ").trimEnd()}\n`).join("");
}
