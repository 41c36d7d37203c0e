/**
 * Reads the files of a Python wheel (a zip archive, PEP 427) into memory. Never writes to disk, so no path in an
 * archive can reach the file system.
 */
import { unzipSync } from "fflate";
import { AppError } from "../../../base/errors.js";
import type { PackageFile } from "./packageFile.js";

/** Refuses archives that would unpack to more than this. */
const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;

/**
 * The files that `isWanted` picks by path; only those are unpacked.
 * Throws AppError `input-invalid` when they are larger than `UNPACKED_BYTES_MAX`, an Error when the archive is damaged.
 */
export function readWheel(archive: Uint8Array, isWanted: (path: string) => boolean): PackageFile[] {
  let unpackedBytes = 0;
  const files = unzipSync(archive, {
    filter: ({ name, originalSize }) => {
      if (name.endsWith("/") || !isWanted(name)) return false;
      unpackedBytes += originalSize;
      if (unpackedBytes > UNPACKED_BYTES_MAX)
        throw new AppError("input-invalid", `a wheel unpacks to more than ${UNPACKED_BYTES_MAX} bytes`);
      return true;
    },
  });
  return Object.entries(files).map(([path, bytes]) => ({ path, bytes }));
}
