/* Suite on: test files that run on other runtimes, too, each of their tests by its name.
 *
 * Which tests there are is asked on Node; what became of each is told by vitest in the other
 * runtime (suite.ts). A test fails here that failed there, or was not run.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { amount } from "./amount.ts";
import { tagsOn } from "./matrix.ts";
import type { Cell } from "./matrix.ts";
import { NEEDS } from "./programs.ts";
import { OTHER_RUNTIMES, ROOT, RUNTIMES } from "./runtimes.ts";
import type { RuntimeName } from "./runtimes.ts";

/** One test, and what became of it. */
export interface SuiteTest {
  readonly file: string;
  /** With those of the `describe`s around it. */
  readonly name: string;
  readonly tags: readonly string[];
  /** `pending` where it was only listed. */
  readonly state: "passed" | "failed" | "skipped" | "pending";
  /** How long it took. */
  readonly millis: number;
  readonly errors: readonly string[];
  /** The cell of the matrix that it is in. */
  readonly cell?: Cell;
}

/** What a run of suite.ts found. */
export interface SuiteReport {
  readonly runtime: RuntimeName;
  readonly tests: readonly SuiteTest[];
  /** What went wrong beside the tests: files that did not load, errors that nobody caught. */
  readonly errors: readonly string[];
}

/** Why a test is not run elsewhere, by its full name. */
export type NodesOwn = Readonly<Record<string, string>>;

const SUITE = fileURLToPath(new URL("suite.ts", import.meta.url));
/** All dialogues on Bun take five minutes of CPU. */
const SUITE_MS = amount({ usual: 300_000, thorough: 1_500_000 });

/** Defines a test for each of these files' tests, on each of the other runtimes. */
export async function testElsewhere(files: readonly string[], nodesOwn: NodesOwn): Promise<void> {
  const here = await report("node", "list", files);
  const expected = here.tests.filter(({ name }) => !(name in nodesOwn));

  test("tests that are for Node alone are there, and all files load", () => {
    const names = here.tests.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(nodesOwn)));
    expect(here.errors).toEqual([]);
  });

  for (const runtime of OTHER_RUNTIMES) {
    describe(`on ${runtime}`, { tags: tagsOn(runtime) }, () => {
      testOn(runtime, files, expected);
    });
  }
}

function testOn(
  runtime: RuntimeName,
  files: readonly string[],
  expected: readonly SuiteTest[],
): void {
  let there: SuiteReport;
  beforeAll(async () => {
    there = await report(runtime, "run", files);
  }, SUITE_MS);

  test("nothing goes wrong beside the tests, and all of them are there", () => {
    expect(there.errors).toEqual([]);
    expect(there.runtime).toBe(runtime);
    expect(there.tests.map(nameOf).toSorted()).toEqual(expected.map(nameOf).toSorted());
  });

  for (const one of expected) {
    const tags = NEEDS.filter((need) => one.tags.includes(need));
    test(nameOf(one), { tags, meta: cellOn(runtime, one) }, ({ task }) => {
      const found = there.tests.find((other) => nameOf(other) === nameOf(one));
      task.meta.elsewhereMillis = found?.millis ?? 0;
      expect([found?.state ?? "not run", ...(found?.errors ?? [])].join("\n")).toBe("passed");
    });
  }
}

/** There the queue is on that runtime as well, unless it is a server. */
function cellOn(place: RuntimeName, { cell }: SuiteTest): { readonly cell?: Cell } {
  const isHere = cell?.transport === "in-process" || cell?.transport === "MessagePort";
  return isHere ? { cell: { ...cell, place } } : {};
}

function nameOf({ file, name }: SuiteTest): string {
  return `${file} > ${name}`;
}

/** What suite.ts reports, run on that runtime. Rejects with what it printed when it died. */
async function report(
  runtime: RuntimeName,
  command: "list" | "run",
  files: readonly string[],
): Promise<SuiteReport> {
  const directory = await mkdtemp(join(tmpdir(), "homemaker-suite-"));
  const [program = "", ...flags] = RUNTIMES[runtime];
  const path = join(directory, "report.json");
  try {
    await execa(program, [...flags, SUITE, command, path, ...files], {
      cwd: ROOT,
      all: true,
      timeout: SUITE_MS,
      killSignal: "SIGKILL",
    });
    return JSON.parse(await readFile(path, "utf8")) as SuiteReport;
  } finally {
    await rm(directory, { recursive: true });
  }
}
