/* Forbidden: what Deno does not let the command do, in one line that names the flag.
 *
 * Some refusals Deno throws where nobody can catch them: with them, too, the process ends with that
 * line and not with a stack. Called by cli/main.ts.
 */
import process from "node:process";
import { isForbidden } from "../system-error.ts";
import { PROGRAM } from "../version.ts";
import { describe } from "./die.ts";

const EXIT_FAILED = 1;
/** sysexits' EX_SOFTWARE. */
const EXIT_DEFECT = 70;

/** From now on what nobody catches ends the process with one line, in Deno. */
export function endWhenForbidden(): void {
  if (!("deno" in process.versions)) return;
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

function end(error: unknown): never {
  const refused = isForbidden(error) ? error.message.replaceAll("\n", " ") : undefined;
  const line = refused === undefined ? describe(error) : `Deno was not allowed this: ${refused}`;
  process.stderr.write(`${PROGRAM}: ${line}\n`);
  process.exit(refused === undefined ? EXIT_DEFECT : EXIT_FAILED);
}
