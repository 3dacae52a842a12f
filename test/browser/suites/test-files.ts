/* Test files: runs files of vitest's tests in the worker of a suite, by the runner that vitest has,
 * without anything else of vitest: each test is a check.
 */
import { startTests } from "vitest/internal/browser";
import type { RunnerTask, RunnerTestCase, RunnerTestFile, SerializedConfig } from "vitest";
import { Random } from "../../support/random.ts";
import { FILES_LEFT_OUT, isCostly, TESTS_LEFT_OUT } from "../left-out.ts";
import { runSuite } from "./reporting.ts";

type Files = Readonly<Record<string, () => Promise<unknown>>>;

const TEST_MS = 60_000;
/** What of vitest's configuration its runner and its `expect` ask for. */
const CONFIG = {
  root: "/",
  name: "",
  setupFiles: [],
  allowOnly: false,
  passWithNoTests: false,
  tags: [],
  strictTags: false,
  sequence: { seed: 0, hooks: "stack", setupFiles: "list", concurrent: false, shuffle: false },
  maxConcurrency: 1,
  testTimeout: TEST_MS,
  hookTimeout: TEST_MS,
  retry: 0,
  expect: { poll: { timeout: 30_000 } },
  snapshotOptions: { expand: false },
} as unknown as SerializedConfig;

/** Of costly tests a usual run has one of so many. */
const COSTLY_ONE_IN = 5;

/** Runs those of a folder of test/ when the page says so. */
export function runTestFiles(folder: string, files: Files): void {
  const state = { config: CONFIG, ctx: { concurrencyId: 1, workerId: 1 } };
  Object.assign(globalThis, { __vitest_worker__: state });
  runSuite(async (reporting, { seed, scale }) => {
    const random = new Random(seed);
    const later = (name: string): boolean =>
      scale === 1 && isCostly(name) && !random.oneIn(COSTLY_ONE_IN);
    const kept = new Set<RunnerTestCase>();
    const ran = await startTests(Object.keys(files), {
      config: CONFIG,
      importFile: (path: string) => files[path]?.(),
      onCollected(collected) {
        const tests = collected.flatMap(testsIn);
        const allowed = tests.filter((test) => !(nameOf(test) in TESTS_LEFT_OUT));
        const now = allowed.filter((test) => !later(nameOf(test)));
        for (const test of now) kept.add(test);
        for (const test of tests) if (!kept.has(test)) test.mode = "skip";
        reporting.count("files left out", Object.keys(FILES_LEFT_OUT).filter(isOf(folder)).length);
        reporting.count("tests left out", tests.length - allowed.length);
        reporting.count("left to other runs", allowed.length - now.length);
      },
    });
    await reporting.check("what is left out is there", () => {
      const names = new Set(ran.flatMap(testsIn).map(nameOf));
      const gone = Object.keys(TESTS_LEFT_OUT).filter(
        (name) => isOf(folder)(name) && !names.has(name),
      );
      if (gone.length > 0) throw new Error(gone.join("\n"));
    });
    for (const file of ran) {
      await reporting.check(`${file.filepath} loads`, () => judgeLoaded(file));
      for (const test of testsIn(file).filter((one) => kept.has(one))) {
        await reporting.check(nameOf(test), () => judge(test));
      }
    }
  });
}

function isOf(folder: string): (path: string) => boolean {
  return (path) => path.startsWith(`test/${folder}/`);
}

function testsIn(task: RunnerTask): readonly RunnerTestCase[] {
  return task.type === "test" ? [task] : task.tasks.flatMap(testsIn);
}

/** With those of the `describe`s around it. */
function nameOf(task: RunnerTask): string {
  return task.suite === undefined
    ? `${task.file.filepath} > ${task.name}`
    : `${nameOf(task.suite)} > ${task.name}`;
}

/** Throws what it failed with beside its tests. */
function judgeLoaded(file: RunnerTestFile): void {
  const [error] = file.result?.errors ?? [];
  if (error !== undefined) throw new Error(`${error.message}\n${error.stack}`);
  if (file.tasks.length === 0) throw new Error("it has no tests");
}

/** Throws what it failed with. */
function judge({ result, mode }: RunnerTask): void {
  const [error] = result?.errors ?? [];
  if (error !== undefined) throw new Error(`${error.message}\n${error.stack}`);
  if (result?.state !== "pass") throw new Error(`it was not run: ${result?.state ?? mode}`);
}
