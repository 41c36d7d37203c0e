/** A model's file that is overwritten under a running daemon, a hundred times. */

import { afterAll, test } from "vitest";
import { daemonWithModel, playChangedFile } from "../support/changedFileStory.js";
import { scratchFolder } from "../support/cli.js";

const scratch = scratchFolder();
const daemon = await daemonWithModel(scratch.path);
afterAll(async () => {
  await daemon.ouro("stop");
  scratch.remove();
});

test("never loses what is taught meanwhile, and never says that it was learned", () =>
  playChangedFile(daemon, 100));
