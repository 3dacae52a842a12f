/* The dialogues with our server on Deno and Bun: some of them, others each time, over TCP and
 * another transport; all of them where THOROUGH is set.
 */
import { someOf } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import { seedHere } from "../support/replay.ts";
import { OTHER_RUNTIMES } from "../support/runtimes.ts";
import { cases, holdDialogues, ONE, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const SEED = seedHere();
const REPLAY = `SEED=${SEED} npx vitest run --project long test/dialogues/runtimes.long.test.ts`;
/** Of each file of dialogues there are thirteen on the average. */
const CASES = 50;
const CASES_ELSEWHERE = 20;

for (const runtime of OTHER_RUNTIMES) {
  const title = `homemaker on ${runtime} (${REPLAY})`;
  const tcp = { title: `${title}, TCP`, listen: "tcp", runtime, ...ONE } as const;
  const unix = { title: `${title}, Unix socket`, listen: "unix", runtime, ...SEVERAL } as const;
  holdDialogues(homemakerTarget(tcp), {
    ...inCell(runtime, "TCP", "dialogues"),
    of: someOf(cases, CASES, SEED),
  });
  holdDialogues(homemakerTarget(unix), {
    ...inCell(runtime, "Unix", "dialogues"),
    of: someOf(cases, CASES_ELSEWHERE, SEED + 1),
  });
}
