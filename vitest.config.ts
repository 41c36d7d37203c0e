import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

// *.long.test.ts (soak, fuzz, full evaluations) run only in `npm run test:long`, and then alone.
const isLong = process.env.OURO_TEST_LONG === "1";

// *.golden.test.ts hold files of the official implementations against ours; they need the folder those came in.
const hasGolden = existsSync(new URL("../shared/conformance", import.meta.url));

/** For the other Node: without the proofs that take minutes and hang on no Node version. */
const isUnitAndFlow = process.env.OURO_TEST_PART === "unit-and-flow";
const PROOFS = ["tests/learning/**", "tests/conformance/**", "tests/editor/**", "**/*Crash.test.ts"];

/**
 * Files that measure time, or that say what happens at once with what: nothing runs beside them. The others wait for
 * processes of their own most of the time, so two at once share the machine's two cores; each is written to pass on a
 * busy machine.
 */
const ALONE = [
  "tests/editor/**/*.test.ts",
  "tests/flow/lspLoop.test.ts",
  "native/test/engine/{lifetime,priority}.alone.test.ts",
  "native/test/train/threads.alone.test.ts",
  "daemon/src/assistant/changeModel.test.ts",
  "daemon/src/completion/typing.test.ts",
  "daemon/src/transport/daemon/{ensureDaemon,idle,leases}.test.ts",
];
const exclude = [
  "**/node_modules/**",
  "**/dist/**",
  ...(isLong ? [] : ["**/*.long.test.ts"]),
  ...(hasGolden ? [] : ["**/*.golden.test.ts"]),
  ...(isUnitAndFlow ? PROOFS : []),
];

export default defineConfig({
  test: {
    testTimeout: isLong ? 1_800_000 : 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "beside",
          include: [`{configs,native,daemon,extension,tests,.ci}/**/*${isLong ? ".long" : ""}.test.{ts,mjs}`],
          exclude: [...exclude, ...ALONE],
          maxWorkers: isLong ? 1 : 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: isLong ? [] : ALONE,
          exclude,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
