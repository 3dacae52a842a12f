/* Suite: every dialogue against one target, a test per case (see conformance.ts for what passes).
 * The targets of our server that are processes need `npm run build` to have run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, test, vi } from "vitest";
import type { Need } from "../support/programs.ts";
import { Conformance } from "./conformance.ts";
import { parseCases } from "./dialogue.ts";
import type { Case } from "./dialogue.ts";
import { nameOf, parseDifferences } from "./differences.ts";
import type { Target } from "./stage.ts";

const HERE = new URL("./", import.meta.url);
const DIFFERENCES = "differences.txt";

/** The shapes of a server. */
export const ONE = { threads: 1, shards: 1 };
export const SEVERAL = { threads: 3, shards: 4 };

function read(file: string): string {
  return readFileSync(new URL(file, HERE), "utf8");
}

const files = readdirSync(HERE).filter((file) => file.endsWith(".txt") && file !== DIFFERENCES);
/** All cases, in the order of their files. */
export const cases = files.toSorted().flatMap((file) => parseCases(read(file), file));
/** The first case of each file: what a server is asked where all of them would take too long. */
export const sample = cases.filter(
  ({ file }, index) => index === cases.findIndex((other) => other.file === file),
);
export const differences = parseDifferences(read(DIFFERENCES), DIFFERENCES);

/** Declares the tests of a target, which need these programs: a test for each of the cases. */
export function holdDialogues(
  target: Target,
  { tags = [], of = cases }: { tags?: Need[]; of?: readonly Case[] } = {},
): void {
  // Most of the time the cases wait for the clock.
  vi.setConfig({ maxConcurrency: 16, testTimeout: 180_000, hookTimeout: 60_000 });
  const judged = new Conformance(target, differences);
  describe(target.title, { tags }, () => {
    afterAll(() => target.close());

    describe.concurrent("answers as the dialogues say", () => {
      for (const dialogue of of) {
        const difference = judged.difference(dialogue);
        const listed = difference === undefined ? "" : ` (differs: ${difference.reason})`;
        test(`${nameOf(dialogue)}${listed}`, () => judged.check(dialogue));
      }
    });

    for (const listed of judged.sometimes) {
      test(`is the version that goes wrong now and then: ${listed.reason}`, () =>
        judged.checkSometimes(listed, cases));
    }
  });
}
