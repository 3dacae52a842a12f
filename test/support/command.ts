/* Command: the file of the command `homemaker` that tests start. The tests' setup (build.ts) makes
 * few files of it, as the package has it, which hundreds of processes read faster than the sources,
 * and says where they lie; without it, it is the source.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The variable that says it. */
export const COMMAND_VARIABLE = "TESTED_COMMAND";

const bundled = process.env[COMMAND_VARIABLE];

function source(path: string): string {
  return fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
}

/** The file that Node is given. */
export const COMMAND = bundled ?? source("cli/main.ts");

/** What a module that the command loads imports as "homemaker". */
export const ENTRY =
  bundled === undefined ? source("entries/queue.ts") : join(dirname(bundled), "queue.js");
