// A vitest reporter: one line per test file as it ends, the whole story of every failure, and the result as JSON
// in the file named by OURO_TEST_RESULT. A file that cannot be loaded and an unhandled error count as failures.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";

function describe(error) {
  return error.stack ?? error.message ?? String(error);
}

export default class ResultReporter {
  #failures = [];
  #skipped = [];
  #passed = 0;

  onTestModuleEnd(module) {
    const file = relative(process.cwd(), module.moduleId);
    let count = 0;
    for (const test of module.children.allTests()) {
      const result = test.result();
      count += 1;
      if (result.state === "passed") this.#passed += 1;
      else if (result.state === "failed") this.#fail(`${file} > ${test.fullName}`, result.errors ?? []);
      else
        this.#skipped.push({ name: `${file} > ${test.fullName}`, reason: result.note ?? "no reason given" });
    }
    const errors = module.errors();
    if (errors.length > 0) this.#fail(file, errors);
    const durationMs = Math.round(module.diagnostic().duration);
    console.log(
      `  ${module.state() === "failed" ? "FAILED" : "ok"}  ${file}: ${count} tests, ${durationMs} ms`,
    );
  }

  onTestRunEnd(_modules, unhandledErrors) {
    if (unhandledErrors.length > 0) this.#fail("an error outside every test", unhandledErrors);
    const result = { passed: this.#passed, failed: this.#failures.length, skipped: this.#skipped };
    if (process.env.OURO_TEST_RESULT) writeFileSync(process.env.OURO_TEST_RESULT, JSON.stringify(result));
  }

  #fail(name, errors) {
    this.#failures.push(name);
    console.log(`\nFAILED ${name}\n${errors.map(describe).join("\n")}\n`);
  }
}
