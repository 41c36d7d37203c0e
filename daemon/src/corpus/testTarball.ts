/** Makes npm tarballs for tests: gzip + ustar, everything under `package/`. Not part of the product. */
import { gzipSync } from "node:zlib";
import { integrityOf } from "./archiveCache.js";

export function makeTarball(files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([path, content]) => {
    const body = Buffer.from(content);
    return [header(`package/${path}`, body.length), body, Buffer.alloc(-body.length & 511)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(path, 0, 100);
  block.write("0000644\0", 100);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

export interface MadePackage {
  readonly registry: "npm";
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly integrity: string;
  readonly include: readonly string[];
  readonly tarball: Uint8Array;
}

export function makePackage(name: string, files: Readonly<Record<string, string>>): MadePackage {
  const version = "1.0.0";
  const licence = "MIT";
  const tarball = makeTarball({
    "package.json": JSON.stringify({ name, version, license: licence }),
    ...files,
  });
  return {
    registry: "npm",
    name,
    version,
    licence,
    integrity: integrityOf(tarball, "npm"),
    include: ["**"],
    tarball,
  };
}

/** Code that differs from seed to seed and is long enough to be judged a text of its own. */
export function sampleCode(seed: number, functions = 12): string {
  return Array.from({ length: functions }, (_, index) => {
    const name = `compute${["Alpha", "Beta", "Gamma", "Delta"][(seed + index) % 4]}${seed}x${index}`;
    return [
      `/** Returns the ${seed * 31 + index} part of what it is given. */`,
      `export function ${name}(value: number, limit${seed}: number): number {`,
      `  const bounded = Math.min(value, limit${seed});`,
      `  if (bounded < ${index}) return ${seed};`,
      `  return bounded * ${index} + ${name}.length;`,
      "}",
      "",
    ].join("\n");
  }).join("\n");
}
