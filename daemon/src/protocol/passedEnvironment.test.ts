import { expect, test } from "vitest";
import { passedEnvironment } from "./passedEnvironment.js";

const node = { node: "20.20.2" };
const electron = { ...node, electron: "39.0.0" };

test("passes what names places and language, and what is the product's own", () => {
  const env = {
    HOME: "/home/ada",
    PATH: "/usr/bin",
    XDG_RUNTIME_DIR: "/run/user/1000",
    TMPDIR: "/tmp",
    LANG: "de_DE.UTF-8",
    OURO_HOME: "/home/ada/.ouro",
    OURO_DEBUG: "1",
    Path: "C:\\bin",
    SystemRoot: "C:\\Windows",
    LOCALAPPDATA: "C:\\Users\\ada\\AppData\\Local",
  };
  expect(passedEnvironment({ env, versions: node })).toEqual(env);
});

test.each([
  ["NODE_OPTIONS", "--inspect=0.0.0.0:9229"],
  ["NODE_V8_COVERAGE", "/tmp/coverage"],
  ["NODE_REPL_EXTERNAL_MODULE", "/tmp/x.js"],
  ["NODE_PATH", "/tmp"],
  ["NODE_EXTRA_CA_CERTS", "/tmp/x.pem"],
  ["OPENSSL_CONF", "/tmp/openssl.cnf"],
  ["VSCODE_INSPECTOR_OPTIONS", "{}"],
  ["ELECTRON_RUN_AS_NODE", "1"],
  ["LD_PRELOAD", "/tmp/x.so"],
  ["DYLD_INSERT_LIBRARIES", "/tmp/x.dylib"],
  ["GITHUB_TOKEN", "secret"],
  ["ABSENT", undefined],
])("%s stays behind", (name, value) => {
  expect(passedEnvironment({ env: { [name]: value }, versions: node })).toEqual({});
});

test("Electron is told to be Node, whether it was told before or not", () => {
  const asNode = { ELECTRON_RUN_AS_NODE: "1" };
  expect(passedEnvironment({ env: {}, versions: electron })).toEqual(asNode);
  expect(passedEnvironment({ env: asNode, versions: electron })).toEqual(asNode);
});
