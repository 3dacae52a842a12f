/* Longest first: the order in which vitest starts the test files, so that at the end no process is
 * left alone with a long one. By itself vitest starts the largest files first where it knows
 * nothing of an earlier run, and some of the longest tests are in the smallest files.
 */
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

/** Beginnings of paths below test/, the longest first. */
const LONGEST = [
  "dialogues/servers",
  "worker/soak",
  "engine/mutants.long",
  "fuzz/fuzz.long",
  "journal/crashes",
  "journal/flips.long",
  "dialogues/dialogues",
  "dialogues/sessions",
  "dialogues/runtimes",
  "dialogues/elsewhere",
  "cli/shell/shell",
  "durability/",
  "http/strangers",
  "concurrency/",
  "model/models.long",
  "backends/ledger.long",
  "worker/isolation-ledger.long",
  "backends/rabbitmq.long",
  "worker/blocked.long",
  "engine/lock",
  "fuzz/fuzz",
  "engine/model",
  "journal/",
];

/** The place of a file in the list; behind all others if it is not there. */
function placeOf({ moduleId }: TestSpecification): number {
  const place = LONGEST.findIndex((beginning) => moduleId.includes(`/test/${beginning}`));
  return place === -1 ? LONGEST.length : place;
}

/** The sequencer. */
export class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => placeOf(a) - placeOf(b)));
  }
}
