/* How the tests run: compiled modules first, then every *.test.ts in forked processes, two at a
 * time.
 *
 * There are two projects. What is long by nature, as a soak, a matrix of runtimes or the full set
 * of planted bugs, is a *.long.test.ts beside what is quick: `npm test` leaves it out, `npm run
 * test:all` does not. What takes minutes by itself is a *.matrix.test.ts, which is among the long
 * ones where all is asked for (test/support/amount.ts).
 *
 * What the machine lacks is a tag (test/support/programs.ts): its tests are skipped, by name, or
 * fail where CI is set. There a JSON report is written as well; .ci/run takes its counts from it.
 * What runs on Deno or Bun has a tag, too (test/support/matrix.ts).
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { IS_THOROUGH } from "./test/support/amount.ts";
import { LongestFirst } from "./test/support/longest-first.ts";
import { RUNTIME_TAGS } from "./test/support/matrix.ts";
import { MatrixReporter } from "./test/support/matrix-table.ts";
import { tagsOf } from "./test/support/programs.ts";
import { SkippedReporter } from "./test/support/skipped.ts";
import { StillRunningReporter } from "./test/support/still-running.ts";

// Hundreds of the tests' processes load the same modules. What the first has compiled the others
// need not compile again, which halves what it costs to start a server.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(
  new URL("build/compile-cache", import.meta.url),
);

const LONG = "test/**/*.long.test.ts";
const MATRIX = "test/**/*.matrix.test.ts";

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: "quick", include: ["test/**/*.test.ts"], exclude: [LONG, MATRIX] },
      },
      { extends: true, test: { name: "long", include: IS_THOROUGH ? [LONG, MATRIX] : [LONG] } },
    ],
    globalSetup: ["test/support/build.ts"],
    tags: [...tagsOf(process.env), ...RUNTIME_TAGS],
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    reporters: [
      "default",
      new SkippedReporter(process.env),
      new StillRunningReporter(),
      new MatrixReporter(),
      ...(process.env["CI"] ? ["json"] : []),
    ],
    outputFile: { json: "build/test-report.json" },
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
  },
});
