/* Suite: every dialogue of test/dialogues on sessions alone, in virtual time: the engine and the
 * sessions as they run in a browser's worker.
 */
import { Conformance } from "../../dialogues/conformance.ts";
import { nameOf } from "../../dialogues/differences.ts";
import { sessionTarget } from "../../dialogues/targets/session.ts";
import { allCases, allDifferences } from "./dialogue-files.ts";
import { runSuite } from "./reporting.ts";

const SHAPE = { title: "sessions alone, 1 thread, 2 shards", threads: 1, shards: 2 };

runSuite(async (reporting) => {
  const judged = new Conformance(sessionTarget(SHAPE), await allDifferences());
  for (const [at, dialogue] of (await allCases()).entries()) {
    await reporting.check(nameOf(dialogue), () => judged.check(dialogue));
    reporting.count("dialogues", at + 1);
  }
});
