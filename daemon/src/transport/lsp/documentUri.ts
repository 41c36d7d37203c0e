/**
 * What a document's or folder's URI means on this machine: a path on its disk, a document that was never saved, or
 * something elsewhere, of which nothing here knows the project. Pure: asks no file system. Read as VS Code reads its own:
 * a scheme in any case, `%` that encodes nothing as itself.
 */

import { posix, win32 } from "node:path";

type UriMeaning =
  /** Absolute, without `.`, `..` and a last slash. */
  | { readonly kind: "path"; readonly path: string }
  /** `name`: the one that it is to have, where it has been given one. */
  | { readonly kind: "unsaved"; readonly name?: string }
  /** On another machine, in an archive, or in memory: `vscode-vfs:`, `output:` and the like. */
  | { readonly kind: "elsewhere" };

interface UriParts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly fragment: string;
}

const URI =
  /^(?<scheme>[a-z][a-z0-9+.-]*):(?:\/\/(?<authority>[^/?#]*))?(?<path>[^?#]*)(?:\?[^#]*)?(?:#(?<fragment>.*))?$/is;
const ELSEWHERE: UriMeaning = { kind: "elsewhere" };
/** Names by which editors number what has none. */
const NUMBERED = /^untitled[ -]?\d*(?:\.ipynb)?$/i;

export function readUri(uri: string, platform: NodeJS.Platform = process.platform): UriMeaning {
  const { scheme, authority = "", path, fragment = "" } = URI.exec(uri)?.groups ?? {};
  if (scheme === undefined || path === undefined) return ELSEWHERE;
  const parts = {
    scheme: scheme.toLowerCase(),
    authority: decoded(authority),
    path: decoded(path),
    fragment: decoded(fragment),
  };
  return parts.path.includes("\0") ? ELSEWHERE : meaningOf(parts, platform);
}

function meaningOf(parts: UriParts, platform: NodeJS.Platform): UriMeaning {
  switch (parts.scheme) {
    case "file":
      // So some editors call a buffer without a name.
      if (parts.authority === "" && parts.path === "") return { kind: "unsaved" };
      return onDisk(parts, platform);
    // An older version of a file.
    case "git":
      return onDisk(parts, platform);
    case "untitled":
      return isAbsolute(parts) ? onDisk(parts, platform) : unsaved(parts.path);
    case "vscode-notebook-cell":
      return meaningOf({ ...parts, scheme: schemeOfNotebook(parts.fragment), fragment: "" }, platform);
    default:
      return ELSEWHERE;
  }
}

function onDisk(parts: UriParts, platform: NodeJS.Platform): UriMeaning {
  if (!isAbsolute(parts)) return ELSEWHERE;
  const { authority, path } = parts;
  const host = authority.toLowerCase() === "localhost" ? "" : authority;
  if (platform !== "win32") {
    const isHere = host === "" && posix.isAbsolute(path);
    return isHere ? { kind: "path", path: posix.resolve(path) } : ELSEWHERE;
  }
  // A share of another machine has no drive: \\host\share.
  if (host !== "") return { kind: "path", path: win32.resolve(`\\\\${host}${path}`) };
  const [, drive, rest] = /^[/\\]?([a-z]):(.*)$/is.exec(path) ?? [];
  if (drive === undefined) return ELSEWHERE;
  return { kind: "path", path: win32.resolve(`${drive.toUpperCase()}:\\${rest}`) };
}

function isAbsolute({ authority, path }: UriParts): boolean {
  return authority !== "" || /^(?:\/|[a-z]:[\\/])/i.test(path);
}

function unsaved(name: string): UriMeaning {
  return name === "" || NUMBERED.test(name) ? { kind: "unsaved" } : { kind: "unsaved", name };
}

/** VS Code names a cell by `#<number>s<the notebook's scheme in Base64>`, and by the number alone in a file. */
function schemeOfNotebook(fragment: string): string {
  const [, encoded = ""] = /^[^s]*s(.+)$/s.exec(fragment) ?? [];
  const scheme = Buffer.from(encoded, "base64").toString("latin1").toLowerCase();
  return /^[a-z][a-z0-9+.-]*$/.test(scheme) ? scheme : "file";
}

function decoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
