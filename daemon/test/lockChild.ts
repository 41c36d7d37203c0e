/** Takes the lock in argv[2], says so, and holds it until it is killed. */
import { takeLock } from "../src/journal/lock.js";

const folder = process.argv[2] ?? "";
try {
  await takeLock(folder);
  process.stdout.write("held\n");
  setInterval(() => undefined, 1000);
} catch (error) {
  process.stdout.write(`${error instanceof Error && "code" in error ? String(error.code) : "?"}\n`);
}
