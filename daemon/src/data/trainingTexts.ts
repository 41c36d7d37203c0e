/**
 * The texts of a file that someone wants to train on: a `.txt` file is one text, each row of a `.jsonl` file is one
 * (`{"text": "…"}`; other fields are left alone).
 */

import { extname } from "node:path";
import { z } from "zod";
import { AppError } from "../base/errors.js";
import { type Line, readLines } from "./lines.js";

/** All texts are held in memory while they are turned into tokens. */
const TEXTS_BYTES_MAX = 512 * 1024 * 1024;

const rowSchema = z.looseObject({ text: z.string() });

/** Throws AppError `input-invalid` or `input-too-large`, naming file and line. */
export async function readTrainingTexts(path: string): Promise<readonly string[]> {
  const extension = extname(path).toLowerCase();
  if (extension !== ".txt" && extension !== ".jsonl") {
    throw new AppError("input-invalid", `${path} is neither a .txt nor a .jsonl file; rename or convert it`);
  }
  const texts = extension === ".txt" ? await readPlain(path) : await readRows(path);
  if (!texts.some((text) => text.trim() !== "")) {
    throw new AppError("input-invalid", `${path} holds no text to train on`);
  }
  return texts;
}

async function readPlain(path: string): Promise<readonly string[]> {
  return [(await collect({ path, textOf: (line) => line.text })).join("\n")];
}

function readRows(path: string): Promise<readonly string[]> {
  return collect({ path, textOf: (line) => (line.text.trim() === "" ? undefined : rowText({ path, line })) });
}

async function collect(options: {
  readonly path: string;
  readonly textOf: (line: Line) => string | undefined;
}): Promise<string[]> {
  const texts: string[] = [];
  let bytes = 0;
  for await (const line of readLines(options.path)) {
    const text = options.textOf(line);
    if (text === undefined) continue;
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > TEXTS_BYTES_MAX) {
      const limit = TEXTS_BYTES_MAX / 2 ** 20;
      throw new AppError(
        "input-too-large",
        `${options.path} holds more than ${limit} MiB of text; train on parts of it`,
      );
    }
    texts.push(text);
  }
  return texts;
}

function rowText({ path, line }: { readonly path: string; readonly line: Line }): string {
  const row = rowSchema.safeParse(parseJson({ path, line }));
  if (row.success) return row.data.text;
  throw new AppError(
    "input-invalid",
    `line ${line.number} of ${path} has no "text"; every row must be {"text": "…"}`,
  );
}

function parseJson({ path, line }: { readonly path: string; readonly line: Line }): unknown {
  try {
    return JSON.parse(line.text);
  } catch (cause) {
    throw new AppError(
      "input-invalid",
      `line ${line.number} of ${path} is not JSON; every row must be {"text": "…"}`,
      {
        cause,
      },
    );
  }
}
