/** Takes the lock in argv[2], says so, and holds it until it is killed. */
import { takeLock } from "../src/base/processLock.js";

const folder = process.argv[2] ?? "";
try {
  await takeLock({ folder, busy: () => new Error("busy") });
  process.stdout.write("held\n");
  setInterval(() => undefined, 1000);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : "?"}\n`);
}
