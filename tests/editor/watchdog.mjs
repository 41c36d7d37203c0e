// Runs a command and ends it, with all it started, when stdin closes: the operating system closes that however the
// process that holds the other end dies, by a signal nobody can catch included. Must lead a process group of its own.
import { spawn } from "node:child_process";

/** Only what left the group on purpose, as a daemon does, stays alive. */
function endGroup() {
  process.kill(-process.pid, "SIGKILL");
}

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => {
  console.error(error.message);
  endGroup();
});
child.on("exit", (code, signal) => {
  console.error(`ended with ${signal ?? `exit code ${code}`}`);
  endGroup();
});
process.stdin.on("close", endGroup).resume();
