/* The dialogues with sessions alone, in this process and on a clock that dialogues move: all, or as
 * many as DIALOGUE_CASES says, which the seed chooses. Deno and Bun run this too
 * (elsewhere.long.test.ts).
 */
import { someOf } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import { seedHere } from "../support/replay.ts";
import { cases, holdDialogues, ONE, SEVERAL } from "./suite.ts";
import { sessionTarget } from "./targets/session.ts";

const COUNT = Number(process.env["DIALOGUE_CASES"] ?? cases.length);
const of = COUNT < cases.length ? someOf(cases, COUNT, seedHere()) : cases;

for (const shape of [ONE, SEVERAL]) {
  const { threads, shards } = shape;
  const title = `sessions alone, ${threads} threads, ${shards} shards`;
  const target = sessionTarget({ title, ...shape });
  holdDialogues(target, { ...inCell("node", "in-process", "dialogues"), of });
}
