import { DEFAULT_SETTINGS, type Settings } from "@ouroboros/configs";
import { instructionSets } from "@ouroboros/native/kernels";
import { describe, expect, test } from "vitest";
import { locateDataHome } from "./base/dataHome.js";
import { openEngine, openModel } from "./compose.js";
import type { WeightType } from "./engine/engine.js";
import { embeddedModelPath } from "./models/modelFiles.js";
import { openCatalog } from "./store/catalog.js";

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

describe("a model's weights lie in memory", () => {
  const opened = async (value: Settings["ouroboros.engine.weights"], weights?: WeightType) => {
    const loaded = await openModel({
      workplace: {
        settings: { ...DEFAULT_SETTINGS, "ouroboros.engine.weights": value },
        catalog: await openCatalog(locateDataHome({ OURO_HOME: "/nowhere" })),
      },
      choice: { model: embeddedModelPath(), weights },
      signal: new AbortController().signal,
    });
    loaded.engine.close();
    return loaded.model.weights;
  };

  test("as the setting says, unless the command line says otherwise", async () => {
    expect(await opened("q8")).toBe("q8");
    expect(await opened("q8", "f32")).toBe("f32");
  });

  test("as the file has them where nobody says anything", async () => {
    expect(await opened("auto")).toBe("bf16");
  });
});
