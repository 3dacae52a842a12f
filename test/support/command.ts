/* Command: where the command `homemaker` lies that tests start, as the package has it: in few
 * files, which hundreds of processes read faster than the sources. The tests' setup makes it
 * (build.ts). What must run from the sources names them itself.
 */
import { fileURLToPath } from "node:url";

/** From the root. */
export const BUNDLE = "build/lib/";

/** The file that Node is given. */
export const COMMAND = fileURLToPath(new URL(`../../${BUNDLE}main.js`, import.meta.url));
