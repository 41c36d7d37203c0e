/** An uncompressed zip archive (APPNOTE.TXT 4.3) whose entries start at multiples of 64, as PyTorch writes them. */

import { crc32 } from "node:zlib";

const ALIGNMENT = 64;
const LOCAL_HEADER_BYTES = 30;

export function zip(files: ReadonlyMap<string, Buffer>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, bytes] of files) {
    const start = at + LOCAL_HEADER_BYTES + name.length;
    // The padding is an extra field of its own, with four bytes of header.
    const padding = ALIGNMENT - ((start + 4) % ALIGNMENT);
    const extra = Buffer.concat([uints([0x4246, 2], [padding, 2]), Buffer.alloc(padding, "Z")]);
    const shared = uints(
      [20, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [crc32(bytes), 4],
      [bytes.length, 4],
      [bytes.length, 4],
      [name.length, 2],
    );
    bodies.push(uints([0x04034b50, 4]), shared, uints([extra.length, 2]), Buffer.from(name), extra, bytes);
    directory.push(
      uints([0x02014b50, 4], [20, 2]),
      shared,
      uints([0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]),
      Buffer.from(name),
    );
    at = start + extra.length + bytes.length;
  }
  const central = Buffer.concat(directory);
  const end = uints(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [files.size, 2],
    [files.size, 2],
    [central.length, 4],
    [at, 4],
    [0, 2],
  );
  return Buffer.concat([...bodies, central, end]);
}

/** Little-endian unsigned fields of given bytes. */
function uints(...fields: readonly (readonly [value: number, bytes: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}
