/** Where the VS Code of the editor tests lies, as .ci/editorHost.mjs wrote it down. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const factsFile = fileURLToPath(new URL("../../.cache/editor-host/host.json", import.meta.url));

export interface ReadyHost {
  readonly kind: "ready";
  readonly node: string;
  readonly server: string;
  readonly chromium: string;
}
export type Host = ReadyHost | { readonly kind: "missing"; readonly reason: string };

/** What was written down, if it is still true. */
export function findHost(): Host {
  const missing: Host = { kind: "missing", reason: "enable with: node .ci/editorHost.mjs" };
  if (!existsSync(factsFile)) return missing;
  const host = JSON.parse(readFileSync(factsFile, "utf8")) as Host;
  if (host.kind === "missing") return host;
  return [host.node, host.server, host.chromium].every((path) => existsSync(path)) ? host : missing;
}
