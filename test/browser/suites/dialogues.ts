/* Suite: every dialogue of test/dialogues on sessions alone, in virtual time: the engine and the
 * sessions as they run in a browser's worker.
 */
import { Conformance } from "../../dialogues/conformance.ts";
import { parseCases } from "../../dialogues/dialogue.ts";
import { nameOf, parseDifferences } from "../../dialogues/differences.ts";
import { sessionTarget } from "../../dialogues/targets/session.ts";
import { runSuite } from "./reporting.ts";

const SHAPE = { title: "sessions alone, 1 thread, 2 shards", threads: 1, shards: 2 };

const FOLDER = "/test/dialogues/";
const DIFFERENCES = "differences.txt";

async function text(file: string): Promise<string> {
  return (await fetch(FOLDER + file)).text();
}

runSuite(async (reporting) => {
  const names = (await (await fetch(FOLDER)).json()) as readonly string[];
  const files = names.filter((name) => name.endsWith(".txt") && name !== DIFFERENCES);
  const differences = parseDifferences(await text(DIFFERENCES), DIFFERENCES);
  const judged = new Conformance(sessionTarget(SHAPE), differences);
  let count = 0;
  for (const file of files.toSorted()) {
    for (const dialogue of parseCases(await text(file), file)) {
      await reporting.check(nameOf(dialogue), () => judged.check(dialogue));
      reporting.count("dialogues", ++count);
    }
  }
});
