/* How the tests run: compiled modules first, then every *.test.ts in forked processes, two at a
 * time.
 *
 * What the machine lacks is a tag (test/support/programs.ts): its tests are skipped, by name, or
 * fail where CI is set. There a JSON report is written as well; .ci/run takes its counts from it.
 */
import { defineConfig } from "vitest/config";
import { tagsOf } from "./test/support/programs.ts";
import { SkippedReporter } from "./test/support/skipped.ts";

const JSON_REPORT: ["json", { outputFile: string }] = [
  "json",
  { outputFile: "build/test-report.json" },
];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    tags: tagsOf(process.env),
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    reporters: [
      "default",
      new SkippedReporter(process.env),
      ...(process.env["CI"] ? [JSON_REPORT] : []),
    ],
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
  },
});
