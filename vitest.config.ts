/* How the tests run: compiled modules first, then every *.test.ts in forked processes, two at a
 * time.
 *
 * In CI a JSON report is written as well; .ci/run takes its counts from it.
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    reporters: process.env["CI"]
      ? ["default", ["json", { outputFile: "build/test-report.json" }]]
      : ["default"],
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
  },
});
