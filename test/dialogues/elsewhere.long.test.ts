/* The dialogues with sessions alone inside Deno and inside Bun: some of them, others each time, or
 * all where THOROUGH is set.
 */
import { IS_THOROUGH } from "../support/amount.ts";
import { seedHere } from "../support/replay.ts";
import { testElsewhere } from "../support/suite-on.ts";
import { cases } from "./suite.ts";

// They choose the same cases there.
process.env["SEED"] = String(seedHere());
process.env["DIALOGUE_CASES"] ??= IS_THOROUGH ? String(cases.length) : "60";

await testElsewhere(["test/dialogues/sessions.test.ts"], {});
