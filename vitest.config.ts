import { defineConfig } from "vitest/config";

// Tests share two cores with the kernels they test: files run one after another, so that no test times another.
export default defineConfig({
  test: {
    include: ["{configs,native,daemon,tests}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    fileParallelism: false,
    testTimeout: 60_000,
  },
});
