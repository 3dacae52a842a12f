/* Die: the end of the whole process, from any of its threads, in any runtime.
 *
 * Ending in an orderly way waits for the other threads, and one of them may be waiting for a lock
 * that the dead thread held. So the process kills itself. Process 1 of a container cannot be killed
 * from inside; it exits.
 */
import process from "node:process";
import { writeOnce } from "./standard-stream.ts";

let errorFd = 2;
/** sysexits' EX_SOFTWARE. */
const EXIT_DIED = 70;

/**
 * Where last words go. A thread that starts after the process has become another user may not open
 * standard error anew, so it is given what the main thread opened.
 */
export function speakThrough(fd: number): void {
  errorFd = fd;
}

/**
 * Writes `line` to standard error, if somebody reads that, and ends the process with a non-zero
 * code.
 */
export function die(line: string): never {
  writeOnce(errorFd, `${line}\n`);
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
