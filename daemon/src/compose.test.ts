import { DEFAULT_SETTINGS, type Settings } from "@ouroboros/configs";
import { instructionSets } from "@ouroboros/native/kernels";
import { describe, expect, test } from "vitest";
import { openEngine } from "./compose.js";

describe("an engine of the settings", () => {
  const opened = (values: Partial<Settings>, threads?: number) => {
    const engine = openEngine({ settings: { ...DEFAULT_SETTINGS, ...values }, threads });
    engine.close();
    return { threads: engine.threads, instructionSet: engine.instructionSet };
  };

  test.each(instructionSets())("has the instruction set %s where they ask for it", (instructionSet) => {
    expect(opened({ "ouroboros.engine.instructionSet": instructionSet })).toMatchObject({ instructionSet });
  });

  test("has as many threads as they say, unless the command line says otherwise", () => {
    expect(opened({ "ouroboros.engine.threads": 3 }).threads).toBe(3);
    expect(opened({ "ouroboros.engine.threads": 3 }, 2).threads).toBe(2);
  });

  test("has the best that the processor has where they say nothing", () => {
    expect(opened({}).instructionSet).toBe(instructionSets().at(-1));
    expect(opened({}).threads).toBeGreaterThan(0);
  });
});
