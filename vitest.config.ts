import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

// *.long.test.ts (soak, fuzz, full evaluations) run only in `npm run test:long`, and then alone.
const isLong = process.env.OURO_TEST_LONG === "1";

// *.golden.test.ts hold files of the official implementations against ours; they need the folder those came in.
const hasGolden = existsSync(new URL("../shared/conformance", import.meta.url));

// Tests share two cores with the kernels they test: files run one after another, so that no test times another.
export default defineConfig({
  test: {
    include: [`{configs,native,daemon,extension,tests,.ci}/**/*${isLong ? ".long" : ""}.test.{ts,mjs}`],
    exclude: [
      "**/node_modules/**",
      "**/dist/**",
      ...(isLong ? [] : ["**/*.long.test.ts"]),
      ...(hasGolden ? [] : ["**/*.golden.test.ts"]),
    ],
    fileParallelism: false,
    testTimeout: isLong ? 1_800_000 : 60_000,
    hookTimeout: 60_000,
  },
});
