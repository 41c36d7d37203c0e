/**
 * What of an environment the daemon is handed, and the `ouro lsp` that an editor runs: an allow-list. The daemon
 * outlives whoever happened to start it and serves all windows, so nothing of that one's may stay with it: no debugger
 * that Node would listen for (NODE_OPTIONS, VSCODE_INSPECTOR_OPTIONS), no coverage written, no library put before its
 * own (LD_PRELOAD), no secret. Pure.
 */

/** Names in capitals, each with what goes wrong without it. Windows spells them as it likes. */
const PASSED: ReadonlySet<string> = new Set([
  // Where the user's and the temporary folders are; clients look for the daemon by the same.
  ...["HOME", "TMPDIR", "TMP", "TEMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"],
  ...["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"],
  // Without these Windows opens no socket, and finds no library.
  ...["SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATH"],
  // Without these Node itself does not start where its libraries are kept elsewhere (NixOS).
  ...["LD_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"],
  // How text is sorted and times are written.
  ...["LANG", "LC_ALL", "LC_CTYPE", "TZ"],
]);
/** The product's own: OURO_HOME, OURO_DEBUG, what tests choose, OUROBOROS_BUILD. */
const OWN = /^OURO/;

export function passedEnvironment(from: {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the program that is started, which is this process' own. */
  readonly versions: Readonly<Record<string, string | undefined>>;
}): Record<string, string | undefined> {
  const passed = Object.entries(from.env).flatMap(([name, value]) =>
    value !== undefined && (PASSED.has(name.toUpperCase()) || OWN.test(name)) ? [[name, value]] : [],
  );
  // VS Code's own binary is no Node unless it is told to be; a Node has no use for it.
  const asNode = from.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: "1" };
  // Node hands on this one of its own accord, unless it is named.
  return { ...Object.fromEntries(passed), ...asNode, NODE_V8_COVERAGE: undefined };
}
