/* What vitest runs before each test file of suite.ts: it refuses to go on in another runtime than
 * that of vitest itself.
 */
import { RUNTIME_HERE } from "./runtimes.ts";

const asked = process.env["SUITE_RUNTIME"];
if (RUNTIME_HERE !== asked) throw new Error(`these tests are for ${asked}, not ${RUNTIME_HERE}`);
