/** Zip archives with stored entries by hand, with a say in every field that a hostile one could set. */

export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  /** Overrides for what the directory claims. */
  readonly method?: number;
  readonly flags?: number;
  readonly claimedSize?: number;
  readonly claimedBegin?: number;
  /** The name in the local header, where it differs. */
  readonly localName?: string;
}

const IN_ZIP64 = 0xffffffff;

function local({ name, localName, data }: ZipEntry): Buffer {
  const header = Buffer.alloc(30);
  const bytes = Buffer.from(localName ?? name);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt32LE(data.length, 18);
  header.writeUInt32LE(data.length, 22);
  header.writeUInt16LE(bytes.length, 26);
  return Buffer.concat([header, bytes, data]);
}

function central(entry: ZipEntry, begin: number, format: "zip" | "zip64"): Buffer {
  const header = Buffer.alloc(46);
  const name = Buffer.from(entry.name);
  const size = entry.claimedSize ?? entry.data.length;
  const extra = Buffer.alloc(format === "zip64" ? 28 : 0);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(entry.flags ?? 0, 8);
  header.writeUInt16LE(entry.method ?? 0, 10);
  header.writeUInt32LE(format === "zip64" ? IN_ZIP64 : size, 20);
  header.writeUInt32LE(format === "zip64" ? IN_ZIP64 : size, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(format === "zip64" ? IN_ZIP64 : (entry.claimedBegin ?? begin), 42);
  if (format === "zip64") {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(size), 4);
    extra.writeBigUInt64LE(BigInt(size), 12);
    extra.writeBigUInt64LE(BigInt(entry.claimedBegin ?? begin), 20);
  }
  return Buffer.concat([header, name, extra]);
}

function end(entries: number, directory: Buffer, begin: number, format: "zip" | "zip64"): Buffer {
  const end64 = Buffer.alloc(format === "zip64" ? 76 : 0);
  if (format === "zip64") {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(44n, 4);
    end64.writeBigUInt64LE(BigInt(entries), 24);
    end64.writeBigUInt64LE(BigInt(entries), 32);
    end64.writeBigUInt64LE(BigInt(directory.length), 40);
    end64.writeBigUInt64LE(BigInt(begin), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(begin + directory.length), 64);
    end64.writeUInt32LE(1, 72);
  }
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(format === "zip64" ? 0xffff : entries, 8);
  record.writeUInt16LE(format === "zip64" ? 0xffff : entries, 10);
  record.writeUInt32LE(format === "zip64" ? IN_ZIP64 : directory.length, 12);
  record.writeUInt32LE(format === "zip64" ? IN_ZIP64 : begin, 16);
  return Buffer.concat([end64, record]);
}

export function zipBytes(entries: readonly ZipEntry[], format: "zip" | "zip64" = "zip"): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let begin = 0;
  for (const entry of entries) {
    const bytes = local(entry);
    locals.push(bytes);
    centrals.push(central(entry, begin, format));
    begin += bytes.length;
  }
  const directory = Buffer.concat(centrals);
  return Buffer.concat([...locals, directory, end(entries.length, directory, begin, format)]);
}
