/** Appends corrections to the journal under argv[2] until it is killed; prints each id once it is acknowledged. */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { openJournal } from "../src/journal/journal.js";
import { correctionRecord } from "./records.js";

const [, , root = "", run = "0"] = process.argv;
const journal = await openJournal({
  folder: join(root, "journal"),
  lockFolder: join(root, "lock"),
  onRecord: () => undefined,
  segmentBytesMax: 4000,
});
writeSync(1, "open\n");
for (let index = 0; ; index++) {
  const id = `r${run}n${index}`;
  const text = "x".repeat((index * 37) % 900);
  await journal.append(correctionRecord({ id, wanted: { text, tokens: [index] } }));
  writeSync(1, `${id}\n`);
}
