// `npm start`: from a fresh clone to a running daemon. Checks what the machine has, installs what running needs, builds
// the engine and the VSIX, starts the daemon, shows the demo against it, leaves it running, and says how editors join.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { buildNative } from "./build.mjs";
import { install, isInstalled } from "./install.mjs";
import { packageExtension, vsixPath } from "./packageExtension.mjs";
import { cacheFolder, compilersAtOnce, root } from "./paths.mjs";
import { requirePrerequisites } from "./prerequisites.mjs";
import { startLog } from "./step.mjs";

/** Measured on one core of a small virtual machine: compiling everything, and the rest (packages, demo). */
const COMPILE_CORE_SECONDS = 100;
const REST_SECONDS = 40;

const ouro = join(root, "daemon", "bin", "ouro.mjs");

/** For a shell. */
function quoted(path) {
  return /[^\w./-]/.test(path) ? JSON.stringify(path) : path;
}

/** A string as Lua and Emacs Lisp both write it. */
function textLiteral(path) {
  return JSON.stringify(path);
}

function announce() {
  const isBuilt = existsSync(join(root, "native", "build", "Release", "ouroboros.node"));
  if (isInstalled({ withDevelopment: false }) && isBuilt) {
    console.log("Everything is here already: this takes about half a minute, most of it the demo.");
    return;
  }
  const minutes = Math.max(1, Math.round((COMPILE_CORE_SECONDS / compilersAtOnce() + REST_SECONDS) / 60));
  console.log(
    `The first time, this takes about ${minutes} min: packages are installed and the engine is compiled.`,
  );
}

requirePrerequisites();
console.log("Ouroboros: a small code model that runs here and learns, in seconds, what you correct.");
announce();
const log = startLog(join(cacheFolder, "start.log"));
const isReady =
  (await install({ withDevelopment: false, log })) &&
  (await buildNative({ log })) &&
  (await packageExtension({ log }));
if (!isReady) {
  console.error(
    `Setting up failed; nothing was changed outside ${relative(process.cwd(), root) || "this folder"}.`,
  );
  process.exit(1);
}
for (const command of ["start", "demo"]) {
  const { status } = spawnSync(process.execPath, [ouro, command], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
console.log(`
The daemon goes on running, for every editor at once; \`npx ouro stop\` ends it.

VS Code:
  code --install-extension ${quoted(relative(process.cwd(), vsixPath()))}

Neovim 0.12 (init.lua), for suggestions as you type:
  vim.lsp.config("ouroboros", { cmd = { "node", ${textLiteral(ouro)}, "lsp" }, root_markers = { ".git" } })
  vim.lsp.enable("ouroboros")
  vim.lsp.inline_completion.enable()
  vim.keymap.set("i", "<Tab>", function()
    return vim.lsp.inline_completion.get() and "" or "<Tab>"
  end, { expr = true })

Emacs with lsp-mode 9.0.1 or newer (init.el):
  (with-eval-after-load 'lsp-mode
    (require 'lsp-inline-completion)
    (lsp-register-client
     (make-lsp-client :new-connection (lsp-stdio-connection '("node" ${textLiteral(ouro)} "lsp"))
                      :activation-fn (lambda (&rest _) t) :add-on? t :server-id 'ouroboros)))
  (add-hook 'lsp-mode-hook #'lsp-inline-completion-mode)
`);
