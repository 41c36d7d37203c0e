/**
 * Reads the texts a command works on: an argument, a place in a file, or standard input.
 * The door for everything that people and pipes may hand in: sizes and UTF-8 are checked here and nowhere else.
 */

import { AppError } from "../base/errors.js";
import { readRegularFile } from "../base/regularFile.js";
import { formatBytes } from "./format.js";

/** More than any model's context uses; a larger file is not something a person completes code in. */
export const TEXT_BYTES_MAX = 8 * 1024 * 1024;

interface CodePlace {
  readonly prefix: string;
  readonly suffix: string;
  /** The path as the user gave it; empty when the text came as an argument or through a pipe. */
  readonly path: string;
}

/** Exact text, or one error that names the source and the way out. */
function decodeUtf8({ bytes, source }: { readonly bytes: Uint8Array; readonly source: string }): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new AppError(
      "input-invalid",
      `${source} is not valid UTF-8 text; convert it first, for example with iconv.`,
      {
        cause,
      },
    );
  }
}

function tooLarge(source: string): AppError {
  return new AppError(
    "input-too-large",
    `${source} is larger than ${formatBytes(TEXT_BYTES_MAX)}; cut out the part that matters.`,
  );
}

export async function readTextFile(path: string): Promise<string> {
  const bytes = await readRegularFile(path, TEXT_BYTES_MAX + 1);
  if (bytes.length > TEXT_BYTES_MAX) throw tooLarge(path);
  return decodeUtf8({ bytes, source: path });
}

export async function readStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.byteLength;
    if (length > TEXT_BYTES_MAX) throw tooLarge("standard input");
    chunks.push(chunk);
  }
  return decodeUtf8({ bytes: Buffer.concat(chunks), source: "standard input" });
}

interface PlaceInFile {
  readonly path: string;
  /** 1-based; the last line without it. */
  readonly line?: number | undefined;
  /** 1-based, in UTF-16 units as editors count; the end of the line without it. */
  readonly column?: number | undefined;
}

export async function readPlaceInFile({ path, line, column }: PlaceInFile): Promise<CodePlace> {
  const text = await readTextFile(path);
  const lines = text.split("\n");
  const lineNumber = line ?? lines.length;
  const content = lines[lineNumber - 1];
  if (content === undefined) {
    throw new AppError(
      "input-invalid",
      `${path} has ${lines.length} lines; --line ${lineNumber} is past its end.`,
    );
  }
  const columnNumber = column ?? content.replace(/\r$/, "").length + 1;
  if (columnNumber > content.length + 1) {
    throw new AppError(
      "input-invalid",
      `line ${lineNumber} of ${path} has ${content.length} characters; --column ${columnNumber} is past its end.`,
    );
  }
  const before = lines.slice(0, lineNumber - 1).reduce((sum, earlier) => sum + earlier.length + 1, 0);
  const offset = before + columnNumber - 1;
  if (isInsidePair({ text, offset })) {
    throw new AppError(
      "input-invalid",
      `--column ${columnNumber} lies inside a character of ${path}; use ${columnNumber + 1}.`,
    );
  }
  return { prefix: text.slice(0, offset), suffix: text.slice(offset), path };
}

/** Whether `offset` splits a surrogate pair. */
function isInsidePair({ text, offset }: { readonly text: string; readonly offset: number }): boolean {
  return /[\uD800-\uDBFF]/.test(text.charAt(offset - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(offset));
}
