// Builds native/test/native: the kernels of every instruction set against the portable ones, and the pool of workers
// under stress, without Node. For this machine; for 64-bit ARM too where a cross compiler and an emulator are there; and
// with the sanitizers in a long run.
import { join } from "node:path";
import { compilersAtOnce, root } from "./paths.mjs";
import { onPath } from "./prerequisites.mjs";
import { runStep } from "./step.mjs";

const ARM_COMPILER = "aarch64-linux-gnu-g++";
const ARM_EMULATORS = ["qemu-aarch64-static", "qemu-aarch64"];

const plain = { name: "kernels of this machine, and its pool", folder: "build-check" };

/** What only a long run does. The thread sanitizer would take minutes over kernels that have no threads. */
const sanitized = [
  {
    name: "kernels and pool under the address and undefined-behaviour sanitizers",
    folder: "build-check-address",
    definitions: ["OUROBOROS_SANITIZE=address,undefined"],
    env: { UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1" },
  },
  {
    name: "pool under the thread sanitizer",
    folder: "build-check-thread",
    definitions: ["OUROBOROS_SANITIZE=thread"],
    env: { TSAN_OPTIONS: "halt_on_error=1" },
    args: ["pool"],
  },
];

function onArm(emulator) {
  return {
    name: "kernels of 64-bit ARM, emulated",
    folder: "build-check-arm64",
    definitions: [
      "CMAKE_SYSTEM_NAME=Linux",
      "CMAKE_SYSTEM_PROCESSOR=aarch64",
      `CMAKE_CXX_COMPILER=${ARM_COMPILER}`,
      "CMAKE_EXE_LINKER_FLAGS=-static",
    ],
    emulator,
  };
}

/** True when native/<folder>/kernel_check is up to date. */
async function build({ name, folder, definitions = [] }, { log, isBesideOthers }) {
  const path = join(root, "native", folder);
  const generator = onPath(["ninja"]) ? ["-G", "Ninja"] : [];
  const configure = [
    "-S",
    join(root, "native"),
    "-B",
    path,
    ...generator,
    ...definitions.map((d) => `-D${d}`),
  ];
  const compile = ["--build", path, "--target", "kernel_check", "--parallel", String(compilersAtOnce())];
  const title = `Compiling for: ${name}`;
  const shared = { command: "cmake", log, isBesideOthers };
  return (
    (await runStep({ ...shared, title: `Configuring for: ${name}`, args: configure })) &&
    (await runStep({ ...shared, title, args: compile }))
  );
}

function programOf({ name, folder, emulator, args = [], env = {} }) {
  const program = join(root, "native", folder, "kernel_check");
  return emulator
    ? { name, command: emulator, args: [program, ...args], env }
    : { name, command: program, args, env };
}

/** The programs that were built, ready to be run, how many could not be built, and what this machine lacks. */
export async function kernelChecks({ log, isLong, isBesideOthers }) {
  const emulator = onPath(ARM_EMULATORS);
  const isArmPossible = emulator !== undefined && onPath([ARM_COMPILER]) !== undefined;
  const isLinux = process.platform === "linux";
  const wanted = [
    ...(process.platform === "win32" ? [] : [plain]),
    ...(isArmPossible ? [onArm(emulator)] : []),
    ...(isLong && isLinux ? sanitized : []),
  ];
  const skipped = [];
  if (isLong && !isArmPossible && process.arch !== "arm64") {
    const reason = "needs Linux; enable with: sudo apt-get install -y g++-aarch64-linux-gnu qemu-user-static";
    skipped.push({ name: "kernels of 64-bit ARM", reason });
  }
  if (isLong && !isLinux)
    skipped.push({ name: "kernels and pool under the sanitizers", reason: "needs Linux" });
  const programs = [];
  for (const variant of wanted)
    if (await build(variant, { log, isBesideOthers })) programs.push(programOf(variant));
  return { programs, failed: wanted.length - programs.length, skipped };
}
