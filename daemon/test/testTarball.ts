/** Makes package archives for tests: tarballs (gzip + ustar) and wheels (zip). Not part of the product. */
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { integrityOf } from "../src/lab/corpus/sources/archiveCache.js";

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Everything lies under `root`, as in every package tarball. */
export function makeTarball(files: Files, root = "package"): Uint8Array {
  const blocks = Object.entries(files).flatMap(([path, content]) => {
    const body = Buffer.from(content);
    return [header(`${root}/${path}`, body.length), body, Buffer.alloc(-body.length & 511)];
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
  readonly registry: "npm" | "pypi" | "crates";
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly integrity: string;
  readonly include: readonly string[];
  readonly tarball: Uint8Array;
}

/** A pure wheel; `metadata` are its header fields, then perhaps a blank line and the README. */
export function makeWheel(name: string, files: Files, metadata: string): MadePackage {
  const version = "1.0.0";
  const all = { ...files, [`${name}-${version}.dist-info/METADATA`]: metadata };
  const archive = zipSync(
    Object.fromEntries(Object.entries(all).map(([path, content]) => [path, Buffer.from(content)])),
    { mtime: new Date(2000, 0) },
  );
  return made({ registry: "pypi", name, version, archive });
}

export function makeCrate(name: string, files: Files, licence = "MIT OR Apache-2.0"): MadePackage {
  const version = "1.0.0";
  const manifest = `[package]\nname = "${name}"\nversion = "${version}"\nlicense = "${licence}"\n`;
  const archive = makeTarball({ "Cargo.toml": manifest, ...files }, `${name}-${version}`);
  return { ...made({ registry: "crates", name, version, archive }), licence: "MIT OR Apache-2.0" };
}

function made(
  options: Pick<MadePackage, "registry" | "name" | "version"> & { readonly archive: Uint8Array },
): MadePackage {
  const { archive: tarball, ...source } = options;
  const integrity = integrityOf(tarball, source.registry);
  return { ...source, licence: "MIT", integrity, include: ["**"], tarball };
}

export function makePackage(name: string, files: Readonly<Record<string, string>>): MadePackage {
  const version = "1.0.0";
  const manifest = JSON.stringify({ name, version, license: "MIT" });
  return made({
    registry: "npm",
    name,
    version,
    archive: makeTarball({ "package.json": manifest, ...files }),
  });
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
