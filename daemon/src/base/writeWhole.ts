/** All of some bytes at one place of a file. A disk that is nearly full takes a part, and tells why to who tries the rest. */

import type { FileHandle } from "node:fs/promises";

export async function writeWhole(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error(`only ${done} of ${bytes.length} bytes were written`);
    done += bytesWritten;
  }
}
