/**
 * The messages in a stream of bytes, as LSP frames them: headers that say how long it is, then JSON. Bounded: what is
 * announced as too long is read past and never held.
 */

/** The longest document however its characters are written in UTF-8, and as much again for what JSON escapes. */
export const MESSAGE_BYTES_MAX = 64 << 20;
/** A length and a content type take a hundred. */
const HEADER_BYTES_MAX = 4 << 10;
const HEADER_END = "\r\n\r\n";

export type Frame =
  | { readonly kind: "message"; readonly content: Buffer }
  /** Announced; it is not held, and the next message comes after it. */
  | { readonly kind: "too-long"; readonly bytes: number }
  /** Nothing that follows can be understood: nobody knows where the next message begins. */
  | { readonly kind: "unreadable" };

interface Body {
  readonly bytes: number;
  /** Undefined: it is read past. */
  readonly parts: Buffer[] | undefined;
  missing: number;
}

export class MessageFrames {
  #header = Buffer.alloc(0);
  #body: Body | undefined;
  #isUnreadable = false;

  /** No message has begun that is not complete: another may come in between. */
  get isBetween(): boolean {
    return this.#body === undefined && this.#header.length === 0 && !this.#isUnreadable;
  }

  /** What is complete with this piece, in order. */
  push(piece: Buffer): readonly Frame[] {
    const frames: Frame[] = [];
    for (let rest = piece; rest.length > 0 && !this.#isUnreadable; ) {
      rest = this.#body ? this.#readBody(this.#body, rest, frames) : this.#readHeader(rest, frames);
    }
    return frames;
  }

  #readHeader(piece: Buffer, frames: Frame[]): Buffer {
    const before = this.#header.length;
    this.#header = Buffer.concat([this.#header, piece.subarray(0, HEADER_BYTES_MAX)]);
    const end = this.#header.indexOf(HEADER_END);
    if (end < 0 && this.#header.length < HEADER_BYTES_MAX) return piece.subarray(piece.length);
    const bytes = end < 0 ? undefined : contentLength(this.#header.toString("latin1", 0, end));
    this.#header = Buffer.alloc(0);
    if (bytes === undefined) {
      this.#isUnreadable = true;
      frames.push({ kind: "unreadable" });
      return piece;
    }
    const isTooLong = bytes > MESSAGE_BYTES_MAX;
    if (isTooLong) frames.push({ kind: "too-long", bytes });
    this.#body = { bytes, parts: isTooLong ? undefined : [], missing: bytes };
    const rest = piece.subarray(end + HEADER_END.length - before);
    return bytes === 0 ? this.#readBody(this.#body, rest, frames) : rest;
  }

  #readBody(body: Body, piece: Buffer, frames: Frame[]): Buffer {
    const part = piece.subarray(0, body.missing);
    body.parts?.push(part);
    body.missing -= part.length;
    if (body.missing === 0) {
      this.#body = undefined;
      if (body.parts) frames.push({ kind: "message", content: Buffer.concat(body.parts, body.bytes) });
    }
    return piece.subarray(part.length);
  }
}

/** Undefined: it is not said, or is no whole number. */
function contentLength(header: string): number | undefined {
  const [, digits] = /^content-length:[ \t]*(\d{1,15})[ \t]*$/im.exec(header.replaceAll("\r\n", "\n")) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
