/* The dialogues with sessions alone inside Deno and inside Bun: some of them, others each time. */
import { seedHere } from "../support/replay.ts";
import { testElsewhere } from "../support/suite-on.ts";

// They choose the same cases there.
process.env["SEED"] = String(seedHere());
process.env["DIALOGUE_CASES"] ??= "150";

await testElsewhere(["test/dialogues/sessions.test.ts"], {});
