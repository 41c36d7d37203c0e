// Builds the VSIX: the extension's bundles, and everything that it runs without the clone: the daemon's bundle, the
// compiled engine, the model. Gathered in a staging folder by an allow-list; what is not on it is not shipped.
// `node .ci/packageExtension.mjs` prints the path; the addon and the daemon's bundle must have been built before.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle as bundleDaemon } from "./build.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { runStep, startLog } from "./step.mjs";
import { thirdPartyNotices } from "./thirdPartyNotices.mjs";

const extension = join(root, "extension");
const require = createRequire(join(extension, "package.json"));

/** Shipped path -> path in the repository. A folder is shipped whole. */
const SHIPPED = {
  media: "extension/media",
  l10n: "extension/l10n",
  "package.nls.json": "extension/package.nls.json",
  "package.nls.zh-cn.json": "extension/package.nls.zh-cn.json",
  "README.md": "extension/README.md",
  "CHANGELOG.md": "extension/CHANGELOG.md",
  LICENSE: "LICENSE",
  NOTICE: "NOTICE",
  "media/sft.org": "org-data/sft.org",
  "daemon/dist/ouro.cjs": "daemon/dist/ouro.cjs",
  "daemon/model": "daemon/model",
  "daemon/native/ouroboros.node": "native/build/Release/ouroboros.node",
};

/** What VS Code calls this machine. */
const target = `${process.platform}-${process.arch}`;

/** zod brings its messages in fifty languages, of which only English is ever used: a third of the bundle. */
const withoutLocales = {
  name: "without-locales",
  setup: (build) =>
    build.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    })),
};

/** The language client is half of the code and not needed to activate: it is a file of its own, read when it is. */
const CLIENT_FILE = "client.cjs";
const clientApart = {
  name: "client-apart",
  setup: (build) =>
    build.onResolve({ filter: /^\.\/quietClient\.js$/ }, () => ({
      path: `./${CLIENT_FILE}`,
      external: true,
    })),
};

/** The extension's own bundles, into `folder`; resolves to the paths of all that went into them. */
async function bundleExtension(folder) {
  const { build } = require("esbuild");
  const shared = { bundle: true, minify: true, metafile: true, logLevel: "warning", legalComments: "none" };
  const forNode = {
    ...shared,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["vscode"],
    // `require` in its place: VS Code answers a required "vscode" itself, in every version and kind of host.
    supported: { "dynamic-import": false },
    // Errors in the log should name functions.
    minifyIdentifiers: false,
    plugins: [withoutLocales, clientApart],
  };
  const host = await build({
    ...forNode,
    entryPoints: [join(extension, "src", "main.ts")],
    outfile: join(folder, "extension.cjs"),
  });
  const client = await build({
    ...forNode,
    entryPoints: [join(extension, "src", "daemon", "quietClient.ts")],
    outfile: join(folder, CLIENT_FILE),
  });
  const page = await build({
    ...shared,
    entryPoints: [
      { in: join(extension, "chat", "main.ts"), out: "chat" },
      { in: join(extension, "chat", "chat.css"), out: "chat" },
    ],
    outdir: folder,
    platform: "browser",
    target: "chrome120",
    format: "iife",
  });
  return [host, client, page].flatMap(({ metafile }) => Object.keys(metafile.inputs));
}

/** The daemon's bundle lists in its source map what went into it. */
function daemonSources() {
  return JSON.parse(readFileSync(join(root, "daemon", "dist", "ouro.cjs.map"), "utf8")).sources;
}

/** The manifest as shipped: without what only building needs, and as CommonJS, which the bundle is. */
function shippedManifest() {
  const {
    type,
    private: _,
    dependencies,
    devDependencies,
    ...manifest
  } = JSON.parse(readFileSync(join(extension, "package.json"), "utf8"));
  return { ...manifest, files: ["**"] };
}

async function stage(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [shipped, source] of Object.entries(SHIPPED)) {
    const from = join(root, source);
    if (!existsSync(from)) throw new Error(`${source} is not there; run \`npm run build\` first`);
    mkdirSync(dirname(join(folder, shipped)), { recursive: true });
    cpSync(from, join(folder, shipped), { recursive: true });
  }
  const sources = [...(await bundleExtension(join(folder, "dist"))), ...daemonSources()];
  writeFileSync(join(folder, "THIRD-PARTY-NOTICES.txt"), thirdPartyNotices(sources));
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(shippedManifest(), undefined, 2)}\n`);
}

export function vsixPath() {
  return join(extension, "dist", `ouroboros-${shippedManifest().version}-${target}.vsix`);
}

/** What goes into the VSIX lies here once more, unpacked. */
export const staging = join(cacheFolder, "vsix");

/** Run in a process of its own, because it prints what it does. */
const PACK = "require(process.argv[1]).createVSIX(JSON.parse(process.argv[2]))";

/** Resolves to the VSIX's path, or to undefined when it could not be packed, which was then said. */
export async function packageExtension({ log }) {
  await bundleDaemon();
  await stage(staging);
  const packagePath = vsixPath();
  mkdirSync(dirname(packagePath), { recursive: true });
  const options = {
    cwd: staging,
    packagePath,
    target,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  };
  const args = ["-e", PACK, require.resolve("@vscode/vsce"), JSON.stringify(options)];
  const title = "Packaging the extension";
  return (await runStep({ title, command: process.execPath, args, log })) ? packagePath : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = await packageExtension({ log: startLog(join(cacheFolder, "vsix.log")) });
  if (path) console.log(path);
  process.exitCode = path ? 0 : 1;
}
