/**
 * How each registry's ordinary client fetches the archive of one exact version. No client is ever asked for anything
 * that runs a package's code: npm packs without scripts, pip takes pure wheels only, cargo downloads and builds nothing.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../../base/errors.js";
import type { Registry, RegistryPackage } from "../recipe.js";

type Wanted = Pick<RegistryPackage, "registry" | "name" | "version">;

interface RegistryClient {
  readonly command: string;
  /** The way out when the command is not there. */
  readonly install: string;
  /** The client works in `folder`, which is empty, and leaves the archive there. */
  readonly arguments: (wanted: Wanted, folder: string) => readonly string[];
  readonly environment: (folder: string) => Readonly<Record<string, string>>;
  /** Paths where the archive may lie afterwards, relative to `folder`. */
  readonly isArchive: (path: string) => boolean;
}

/** Pure wheels are the same on every machine, so the platform of this one is not asked for. */
const PURE_WHEEL = ["--platform=any", "--implementation=py", "--abi=none", "--python-version=3.13"];

const CLIENTS: Readonly<Record<Registry, RegistryClient>> = {
  npm: {
    command: "npm",
    install: "install Node.js with npm",
    arguments: ({ name, version }) => ["pack", `${name}@${version}`, "--ignore-scripts", "--loglevel=error"],
    environment: () => ({}),
    isArchive: (path) => path.endsWith(".tgz"),
  },
  pypi: {
    command: "pip",
    install: "install Python with pip",
    arguments: ({ name, version }, folder) => [
      "download",
      "--quiet",
      "--no-input",
      "--disable-pip-version-check",
      "--no-deps",
      "--only-binary=:all:",
      ...PURE_WHEEL,
      `--dest=${folder}`,
      `${name}==${version}`,
    ],
    environment: () => ({}),
    isArchive: (path) => path.endsWith(".whl"),
  },
  crates: {
    command: "cargo",
    install: "install Rust (1.82 or newer)",
    // `info` downloads the crate to read its manifest, and unlike `fetch` none of its dependencies.
    arguments: ({ name, version }) => ["info", "--quiet", "--registry=crates-io", `${name}@${version}`],
    environment: (folder) => ({ CARGO_HOME: folder, CARGO_TERM_COLOR: "never" }),
    isArchive: (path) => path.endsWith(".crate"),
  },
};

interface FetchOptions {
  readonly wanted: Wanted;
  /** Empty; the client's to fill. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Fetches one archive and returns its path inside `folder`.
 * Throws AppError `input-invalid` when the client is missing or refuses; aborts with the signal's reason.
 */
export async function fetchArchive({ wanted, folder, signal }: FetchOptions): Promise<string> {
  const client = CLIENTS[wanted.registry];
  await run({ client, wanted, folder, signal });
  const found = (await readdir(folder, { recursive: true })).find(client.isArchive);
  if (found === undefined)
    throw new AppError(
      "input-invalid",
      `${client.command} left no archive of ${wanted.name}@${wanted.version}; fetch it by hand to see why`,
    );
  return join(folder, found);
}

/** Clients print their reason first (npm) or last (pip); this holds either. */
const ERROR_TEXT_MAX = 4_000;
const REASON_CHARACTERS_MAX = 300;

function run(options: FetchOptions & { readonly client: RegistryClient }): Promise<void> {
  const { client, wanted, folder, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(client.command, [...client.arguments(wanted, folder)], {
      cwd: folder,
      env: { ...process.env, ...client.environment(folder) },
      signal,
      stdio: ["ignore", "ignore", "pipe"],
      // npm is a command script on Windows; a recipe may hold no character that a shell would read.
      shell: process.platform === "win32" && wanted.registry === "npm",
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(0, ERROR_TEXT_MAX);
    });
    child.once("error", (cause) => reject(signal.aborted ? cause : notStarted(client, cause)));
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(refused({ client, wanted, reason: reasonOf(errors) ?? `exit ${code}` }));
    });
  });
}

function notStarted(client: RegistryClient, cause: Error): AppError {
  const message = `the command ${client.command} could not be started; ${client.install}, or leave its packages out of the recipe`;
  return new AppError("input-invalid", message, { cause });
}

function refused(options: {
  readonly client: RegistryClient;
  readonly wanted: Wanted;
  readonly reason: string;
}): AppError {
  const { client, wanted, reason } = options;
  return new AppError(
    "input-invalid",
    `${client.command} could not fetch ${wanted.name}@${wanted.version}; correct the recipe if there is no such version: ${reason}`,
  );
}

function reasonOf(errors: string): string | undefined {
  const text = errors
    .replace(/^(npm (error|ERR!)|ERROR:|error:) ?/gm, "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, REASON_CHARACTERS_MAX);
  return text === "" ? undefined : text;
}
