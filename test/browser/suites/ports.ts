/* Suite: dialogues of test/dialogues with a page's queue, over message ports and in real time: of
 * each file the first one that a page can have.
 *
 * A page is sent no signals; a case that wants options of a server, or one that counts all since
 * the server's start, is for those that are started for it.
 */
import { Conformance } from "../../dialogues/conformance.ts";
import type { Case, Step } from "../../dialogues/dialogue.ts";
import { nameOf } from "../../dialogues/differences.ts";
import { allCases, allDifferences } from "./dialogue-files.ts";
import { PORT_TARGET } from "./port-target.ts";
import { runSuite } from "./reporting.ts";

/** Most of the time the cases wait for the clock. */
const AT_A_TIME = 4;

runSuite(async (reporting) => {
  const judged = new Conformance(PORT_TARGET, await allDifferences());
  const can = (await allCases()).filter(isForPages);
  const files = Map.groupBy(can, ({ file }) => file);
  const cases = [...files.values()].flatMap((some) => some.slice(0, 1));
  const left = cases.values(); // of which each takes the next
  let done = 0;
  const hold = async (): Promise<void> => {
    for (const dialogue of left) {
      await reporting.check(nameOf(dialogue), () => judged.check(dialogue));
      reporting.count("dialogues", ++done);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, hold));
});

function isForPages({ fresh, options, steps }: Case): boolean {
  return !fresh && Object.keys(options).length === 0 && !steps.some(isSignal);
}

function isSignal(step: Step): boolean {
  return step.do === "signal" || (step.do === "repeat" && step.steps.some(isSignal));
}
