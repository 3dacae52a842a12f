/* Spin: has the model checker spin look through a model: each order in which its steps can happen.
 *
 * spin writes a program in C that does it, gcc compiles that. A search that is cut short, because
 * it takes too much memory or goes too deep, is an error and no result. Used by
 * models.long.test.ts.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { program } from "../support/programs.ts";

/** How deep a search may go, and the memory that it may take, in MB. */
const DEPTH_MAX = 1_000_000;
const MEMORY_MB = 3000;

/** What a search came to. */
export interface Search {
  /** What was found wrong; 0 when nothing was, in all that can happen. */
  readonly errors: number;
  /** How many states it saw. */
  readonly states: number;
}

/** A model was not looked through, or not to its end. */
class SearchError extends Error {
  override readonly name = "SearchError";
  readonly code = "HM_TEST_SEARCH";
}

function pathOf(model: string): string {
  return fileURLToPath(new URL(`./${model}.pml`, import.meta.url));
}

/** The bugs that a model can be given, as its opening comment lists them. */
export function plantedBugs(model: string): readonly string[] {
  const [opening = ""] = readFileSync(pathOf(model), "utf8").split("*/", 1);
  return [...opening.matchAll(/^ \* {7}(BUG_[A-Z_]+) /gm)].map(([, name = ""]) => name);
}

/** Looks through a model, or until the first error. `defined` is what its preprocessor knows. */
export async function search(model: string, defined: readonly string[] = []): Promise<Search> {
  const cwd = mkdtempSync(join(tmpdir(), "spin-"));
  try {
    const flags = defined.map((name) => `-D${name}`);
    await execa(program("spin"), ["-a", ...flags, pathOf(model)], { cwd });
    const bounds = ["-DSAFETY", "-DCOLLAPSE", `-DMEMLIM=${MEMORY_MB}`];
    await execa(program("gcc"), ["-O2", "-w", ...bounds, "-o", "pan", "pan.c"], { cwd });
    const { stdout } = await execa(join(cwd, "pan"), [`-m${DEPTH_MAX}`], { cwd, reject: false });
    return resultOf(stdout);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

function resultOf(report: string): Search {
  const [, errors] = /errors: (\d+)/.exec(report) ?? [];
  const [, states] = /(\d+) states, stored/.exec(report) ?? [];
  const isWhole = !/max search depth too small|Search not completed/.test(report);
  if (errors === undefined || states === undefined || (errors === "0" && !isWhole))
    throw new SearchError(`the search did not come to its end:\n${report.slice(-2000)}`);
  return { errors: Number(errors), states: Number(states) };
}
