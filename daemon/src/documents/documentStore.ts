/**
 * The documents that one client has open, as it last reported them. A mirror: the client's word is the truth, and two
 * clients may hold different texts of one file. Positions are UTF-16, as editors count.
 */

import { TextDocument, type TextDocumentContentChangeEvent } from "vscode-languageserver-textdocument";
import { AppError } from "../base/errors.js";
import { DOCUMENT_CHARACTERS_MAX } from "../protocol/places.js";
import type { OffsetEdit } from "./trackedRange.js";

/** An editor with more open documents than this is a program gone wrong. */
const DOCUMENTS_MAX = 2000;

export class DocumentStore {
  readonly #documents = new Map<string, TextDocument>();

  /** Documents that are too long, or too many, are not kept: they get no completions. */
  open(opened: { uri: string; languageId: string; version: number; text: string }): void {
    const { uri, languageId, version, text } = opened;
    if (text.length > DOCUMENT_CHARACTERS_MAX || this.#documents.size >= DOCUMENTS_MAX) return;
    this.#documents.set(uri, TextDocument.create(uri, languageId, version, text));
  }

  /** Returns what was done, in order, in offsets of the text as each edit found it. Unknown documents: nothing. */
  change(changed: {
    readonly uri: string;
    readonly version: number;
    readonly changes: readonly TextDocumentContentChangeEvent[];
  }): readonly OffsetEdit[] {
    const { uri, version, changes } = changed;
    const document = this.#documents.get(uri);
    if (!document) return [];
    const edits = changes.map((change) => apply(document, change, version));
    if (lengthOf(document) > DOCUMENT_CHARACTERS_MAX) this.#documents.delete(uri);
    return edits;
  }

  close(uri: string): void {
    this.#documents.delete(uri);
  }

  get(uri: string): TextDocument | undefined {
    return this.#documents.get(uri);
  }

  /** Throws `document-unknown`. */
  mustGet(uri: string): TextDocument {
    const document = this.#documents.get(uri);
    if (document) return document;
    throw new AppError(
      "document-unknown",
      `${uri} is not open here, or is too long to work on; save its text as a file, or as a shorter one, and do this there`,
    );
  }
}

/** Offsets are clamped to the document, so one beyond every text is its end. */
function lengthOf(document: TextDocument): number {
  return document.offsetAt({ line: document.lineCount, character: 0 });
}

/**
 * A range is first brought into the document: the library keeps its line table right only for ranges that are, and a
 * client may report one past the end.
 */
function apply(document: TextDocument, change: TextDocumentContentChangeEvent, version: number): OffsetEdit {
  const inserted = change.text;
  if (!("range" in change)) {
    const removed = lengthOf(document);
    TextDocument.update(document, [change], version);
    return { offset: 0, removed, inserted };
  }
  const [offset = 0, end = 0] = [change.range.start, change.range.end]
    .map((position) => document.offsetAt(position))
    .sort((a, b) => a - b);
  const range = { start: document.positionAt(offset), end: document.positionAt(end) };
  TextDocument.update(document, [{ range, text: change.text }], version);
  return { offset, removed: end - offset, inserted };
}
