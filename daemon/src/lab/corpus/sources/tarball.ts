/**
 * Reads the regular files of a package tarball as npm and crates.io make them (gzip + ustar, with pax and GNU long
 * names) into memory, without the one folder at its root.
 * Never writes to disk, so no path in an archive can reach the file system. Not a general tar library.
 */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AppError } from "../../../base/errors.js";
import type { PackageFile } from "./packageFile.js";

/** Refuses archives that would unpack to more than this: the largest package in a recipe has about 200 MB. */
const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
const BLOCK = 512;

const unzip = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/** Files in archive order. Throws AppError `input-invalid` when the archive is damaged or larger than `UNPACKED_BYTES_MAX`. */
export async function readTarball(compressed: Uint8Array): Promise<PackageFile[]> {
  const archive = await unzip(compressed, { maxOutputLength: UNPACKED_BYTES_MAX });
  const files: PackageFile[] = [];
  let longName: string | undefined;
  let at = 0;
  while (at + BLOCK <= archive.length) {
    const header = archive.subarray(at, at + BLOCK);
    if (header[0] === 0) break;
    const size = octal(header.subarray(124, 136));
    const body = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (body.length < size)
      throw new AppError(
        "input-invalid",
        "a tarball ends in the middle of a file; remove it from the cache to fetch it again",
      );
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === "L") longName = cString(body);
    else if (type === "x") longName = paxPath(body) ?? longName;
    else if (type === "0" || type === "\0") {
      files.push({ path: withoutRoot(longName ?? headerName(header)), bytes: body });
      longName = undefined;
    } else if (type !== "g") longName = undefined;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function headerName(header: Buffer): string {
  const name = cString(header.subarray(0, 100));
  const prefix = header.toString("latin1", 257, 262) === "ustar" ? cString(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function withoutRoot(path: string): string {
  return path.slice(path.indexOf("/") + 1);
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}

function octal(field: Buffer): number {
  const text = cString(field).trim();
  if (!/^[0-7]+$/.test(text))
    throw new AppError(
      "input-invalid",
      "a tarball has a damaged header; remove it from the cache to fetch it again",
    );
  return Number.parseInt(text, 8);
}

/** pax records are `length key=value\n`; only `path` matters here. */
function paxPath(body: Buffer): string | undefined {
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = Number.parseInt(body.toString("latin1", at, space), 10);
    if (space === -1 || !(length > 0)) return undefined;
    const record = body.toString("utf8", space + 1, at + length - 1);
    if (record.startsWith("path=")) return record.slice("path=".length);
    at += length;
  }
  return undefined;
}
