// Names the npm packages that bundles contain, with their licences' texts, as those ask for. Which they are is read from
// the bundles' own lists of sources, so that none is forgotten and none is named that is not there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";

const PACKAGE_FOLDER = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

/** Folders of packages among paths of source files, relative to the repository. */
function packageFolders(sources) {
  const folders = sources.flatMap((source) => PACKAGE_FOLDER.exec(source.replaceAll("\\", "/"))?.[0] ?? []);
  return [...new Set(folders.map((folder) => folder.slice(folder.indexOf("node_modules/"))))].sort();
}

function noticeOf(folder) {
  const path = join(root, folder);
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const file = readdirSync(path).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file && existsSync(join(path, file)) ? readFileSync(join(path, file), "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text}`.trim();
}

/** `sources`: every file that went into a bundle. */
export function thirdPartyNotices(sources) {
  const notices = packageFolders(sources).map(noticeOf);
  const head = "Ouroboros contains these packages, each under its own licence.";
  return `${[head, ...notices].join(`\n\n${"-".repeat(72)}\n\n`)}\n`;
}
