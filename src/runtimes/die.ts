/* Die: the end of the whole process, from any of its threads, in any runtime.
 *
 * Ending in an orderly way waits for the other threads, and one of them may be waiting for a lock
 * that the dead thread held. So the process kills itself. Process 1 of a container cannot be killed
 * from inside; it exits.
 */
import { writeSync } from "node:fs";
import process from "node:process";

const STANDARD_ERROR = 2;
/** sysexits' EX_SOFTWARE. */
const EXIT_DIED = 70;

/** Writes `line` to standard error and ends the process with a non-zero code. */
export function die(line: string): never {
  writeSync(STANDARD_ERROR, `${line}\n`);
  if (process.pid !== 1) process.kill(process.pid, "SIGKILL");
  process.exit(EXIT_DIED);
}

/** An error in one line: what it says, and where it came from. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = (error.stack ?? "")
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "));
  const said = `${error.name}: ${error.message}`.replaceAll("\n", " ");
  return [said, ...where.slice(0, 3).map((line) => line.trim())].join(" ");
}
