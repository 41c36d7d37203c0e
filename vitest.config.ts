import { relative, sep } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// *.long.test.ts (soak, fuzz, full evaluations) run only in `npm run test:long`, and then alone.
const isLong = process.env.OURO_TEST_LONG === "1";

/** How many files run at once on the two cores that we count on: most wait for processes of their own half the time. */
const WORKERS = 2;
/** For anything that is waited for. It is reached by faults alone, so a machine that is busy never meets it. */
const PATIENCE_MS = 30_000;
const TEST_TIMEOUT_MS = isLong ? 1_800_000 : 180_000;

/** Files that measure time, or who is before whom by a clock, say so in their name: nothing runs beside them. */
const ALONE = ".alone.test.ts";

const EVERYTHING = ["{configs,native,daemon,extension,tests,.ci}/**/*"];

/**
 * What hangs on Node itself: loading the addon and ending with it, processes, sockets, signals, files and watching them.
 * The other Node runs these alone; what is computed, and how the engine computes, is the same under every Node.
 */
const HANGS_ON_NODE = [
  "native/test/engine/*",
  "native/test/generate/generate",
  "daemon/src/{assistant,base,journal,store,training,transport}/**/*",
  "daemon/src/data/org/watchOrg",
  "extension/test/*",
  "tests/flow/{daemon,dataHomeBefore,learning,lsp}*",
];
const isHangingOnNode = process.env.OURO_TEST_PART === "hangs-on-node";
const wanted = isHangingOnNode ? HANGS_ON_NODE : EVERYTHING;

/**
 * Folders of plain functions: no process of their own, no clock or module replaced, no engine. Their files share workers
 * and the modules that those have loaded, which costs a third of loading them for every file.
 */
const PLAIN = [
  "configs/src/**/*.test.ts",
  "extension/{src,chat}/**/*.test.ts",
  "daemon/src/{chat,cli,data,documents,lessons,prompt,protocol,store,training}/**/*.test.ts",
  "daemon/src/{completion/postprocess,lab/evaluation,lab/vocabulary}/**/*.test.ts",
];
const plain = isLong || isHangingOnNode ? [] : PLAIN;

/** The longest first, so that no core is idle at the end; what is not listed follows by what it took the last time. */
const LONGEST = [
  "tests/learning/drawnCorrections.test.ts",
  "daemon/src/learning/learningCrash.test.ts",
  "tests/flow/pretrain.test.ts",
  "tests/editor/probe.test.ts",
  "daemon/src/journal/journalCrash.test.ts",
  "tests/flow/daemonSecurity.test.ts",
  "tests/conformance/conformance.test.ts",
  "daemon/src/transport/daemon/ensureDaemon.test.ts",
  "tests/editor/trouble.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.indexOf(relative(this.ctx.config.root, moduleId).split(sep).join("/"));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const exclude = [
  "**/node_modules/**",
  "**/dist/**",
  ...(isLong ? [] : ["**/*.long.test.ts"]),
  ...(isHangingOnNode ? ["**/*Crash.test.ts"] : []),
];

export default defineConfig({
  test: {
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
    expect: { poll: { timeout: PATIENCE_MS }, requireAssertions: true },
    sequence: { sequencer: LongestFirst },
    globalSetup: ".ci/testSetup.mjs",
    projects: [
      {
        extends: true,
        test: {
          name: "beside",
          include: wanted.map((paths) => `${paths}${isLong ? ".long" : ""}.test.{ts,mjs}`),
          exclude: [...exclude, `**/*${ALONE}`, ...plain],
          maxWorkers: isLong ? 1 : WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "plain",
          include: plain,
          exclude,
          isolate: false,
          maxWorkers: isLong ? 1 : WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: isLong ? [] : wanted.map((paths) => `${paths}${ALONE}`),
          exclude,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
