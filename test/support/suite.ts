/* Suite: runs test files with vitest in whatever runtime runs this program: the tests, what they
 * test, and vitest itself.
 *
 *   suite.ts list|run REPORT FILE...
 *
 * It writes a SuiteReport, as JSON, to the file REPORT; `list` only says which tests there are.
 * Started by suite-on.ts, or by hand from the project's directory: on Deno by
 * `deno run -A test/support/suite.ts run /tmp/report.json test/client/client.test.ts`.
 */
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createVitest } from "vitest/node";
import type { TestModule, Vitest } from "vitest/node";
import { RUNTIME_TAGS } from "./matrix.ts";
import { tagsOf } from "./programs.ts";
import { ROOT, RUNTIME_HERE } from "./runtimes.ts";
import type { SuiteReport, SuiteTest } from "./suite-on.ts";

/** The workers of vitest that each can have; vitest's watch over forks fails on Bun. */
const POOLS = { node: "forks", deno: "forks", bun: "threads" } as const;

const [, , command, path = "", ...files] = process.argv;

const vitest = await createVitest(
  {
    config: false,
    root: ROOT,
    watch: false,
    include: ["test/**/*.test.ts"],
    tags: [...tagsOf(process.env), ...RUNTIME_TAGS],
    pool: POOLS[RUNTIME_HERE],
    maxWorkers: 2,
    env: { SUITE_RUNTIME: RUNTIME_HERE },
    setupFiles: [fileURLToPath(new URL("suite-runtime.ts", import.meta.url))],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    reporters: ["verbose"],
  },
  {},
);
const report = command === "list" ? await list(vitest) : await run(vitest);
await writeFile(path, JSON.stringify(report));
await vitest.close();
process.exit(0); // whatever a test left behind, and whatever failed, which the report says

async function list(on: Vitest): Promise<SuiteReport> {
  // Nothing is run, but the names of tests are made by code.
  const { testModules, unhandledErrors } = await on.collect(files, { staticParse: false });
  return reportOf(testModules, unhandledErrors);
}

async function run(on: Vitest): Promise<SuiteReport> {
  const { testModules, unhandledErrors } = await on.start(files);
  return reportOf(testModules, unhandledErrors);
}

function reportOf(modules: readonly TestModule[], unhandled: readonly unknown[]): SuiteReport {
  const broken = modules.flatMap((module) => module.errors());
  return {
    runtime: RUNTIME_HERE,
    tests: modules.flatMap(testsOf),
    errors: [...broken, ...unhandled].map(told),
  };
}

function testsOf(module: TestModule): readonly SuiteTest[] {
  return [...module.children.allTests()].map((test) => {
    const { state, errors = [] } = test.result();
    const { fullName: name, tags } = test;
    const { cell } = test.meta();
    const millis = test.diagnostic()?.duration ?? 0;
    const errorsTold = errors.map(told);
    const file = module.relativeModuleId;
    const known = { file, name, tags, state, millis, errors: errorsTold };
    return cell === undefined ? known : { ...known, cell };
  });
}

/** What is known of an error, which vitest hands on without its class. */
function told(error: unknown): string {
  const { message, stack } = error as Partial<Error>;
  return stack?.includes(message ?? "") === true ? stack : `${message ?? String(error)}\n${stack}`;
}
