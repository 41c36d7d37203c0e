/** A model's file that is overwritten under a running daemon, once in each of several ways; a hundred times: `.long`. */

import { afterAll, test } from "vitest";
import { daemonWithModel, playChangedFile } from "../support/changedFileStory.js";
import { scratchFolder } from "../support/cli.js";

const scratch = scratchFolder();
const daemon = await daemonWithModel(scratch.path);
afterAll(async () => {
  await daemon.ouro("stop");
  scratch.remove();
});

test("keeps what is taught meanwhile, says so, and learns it when the file is back", () =>
  playChangedFile(daemon, 4));
