/* With runtime: what is around every run of the command: the runtime that it is given, and one line
 * on standard error for what it throws. Used by server-command.ts and subcommand.ts.
 */
import { ModuleMissingError } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { describe } from "../runtimes/die.ts";
import { nodeRuntime } from "../runtimes/node.ts";
import { isForbidden } from "../system-error.ts";
import { PROGRAM } from "../version.ts";
import type { Exit } from "./quiet-command.ts";

const EXIT_FAILED = 1;
/** sysexits' EX_SOFTWARE. */
const EXIT_DEFECT = 70;

/** Resolves with what `run` resolves with, or with the exit code for what it throws. */
export async function withRuntime<Code>(
  run: (runtime: Runtime) => Promise<Code>,
): Promise<Code | number> {
  const runtime = nodeRuntime();
  try {
    return await run(runtime);
  } catch (error) {
    return complainAbout(error, runtime);
  }
}

/** Prints what is to be printed. Returns the exit code. */
export function printAndExit({ code, stdout, stderr }: Exit, runtime: Runtime): number {
  if (stdout !== undefined) runtime.print(stdout);
  if (stderr !== undefined) runtime.complain(stderr);
  return code;
}

function complainAbout(error: unknown, runtime: Runtime): number {
  if (isForbidden(error)) throw error; // told as those that nobody catches
  const isExpected = error instanceof ModuleMissingError;
  runtime.complain(`${PROGRAM}: ${isExpected ? error.message : describe(error)}`);
  return isExpected ? EXIT_FAILED : EXIT_DEFECT;
}
