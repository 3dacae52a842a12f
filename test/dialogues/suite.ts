/* Suite: every dialogue against one target, a test per case (see conformance.ts for what passes).
 * The targets of our server that are processes need `npm run build` to have run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, test, vi } from "vitest";
import { amount } from "../support/amount.ts";
import type { Cell, RuntimeTag } from "../support/matrix.ts";
import type { Need } from "../support/programs.ts";
import { replayable } from "../support/replay.ts";
import { Conformance } from "./conformance.ts";
import { parseCases } from "./dialogue.ts";
import type { Case, Step } from "./dialogue.ts";
import { nameOf, parseDifferences } from "./differences.ts";
import type { Target } from "./stage.ts";

const HERE = new URL("./", import.meta.url);
const DIFFERENCES = "differences.txt";
const ENDLESS_BYTES = 2 ** 28;
/** Where all of them run on Bun, the longest shares its thread with others for three minutes. */
const CASE_MS = amount({ usual: 180_000, thorough: 900_000 });

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
/**
 * All but those that send a gigabyte, for where each byte costs more than on a socket: some seconds
 * a case.
 */
export const brief = cases.filter(({ steps }) => !steps.some(isEndless));
/** What has to come at once: between its pieces jobs are pushed, or go to their graves. */
const AT_ONCE = [
  "dead.txt: a job that is to go and is deleted first leaves its key's cooldown and the others",
  "window.txt: several jobs at a time, and several deletes",
];
/** Those that may come in pieces, however they are cut. */
export function divisible(of: readonly Case[]): readonly Case[] {
  const left = of.filter((one) => !AT_ONCE.includes(nameOf(one)));
  if (of.length - left.length !== AT_ONCE.length) throw new RangeError("a case is not there");
  return left;
}
export const differences = parseDifferences(read(DIFFERENCES), DIFFERENCES);

function isEndless(step: Step): boolean {
  return step.do === "stream" && step.count > ENDLESS_BYTES;
}

/** How a target is tried. */
export interface Holding {
  /** Programs that it needs, and the runtime that it is on. */
  readonly tags?: readonly (Need | RuntimeTag)[];
  /** The cell of the matrix that it is in. */
  readonly meta?: { readonly cell: Cell };
  /** The cases; all if absent. */
  readonly of?: readonly Case[];
  /** What a target does by chance that has a seed, and the file whose test plays it again. */
  readonly replay?: { readonly seed: number; readonly file: string };
}

/** Declares the tests of a target: one for each of the cases. */
export function holdDialogues(target: Target, holding: Holding = {}): void {
  const { of = cases, meta = {}, replay } = holding;
  const tags = [...(holding.tags ?? [])];
  // Most of the time the cases wait for the clock.
  vi.setConfig({ maxConcurrency: 16, testTimeout: CASE_MS, hookTimeout: 60_000 });
  const judged = new Conformance(target, differences);
  const expectAsWritten = async (dialogue: Case): Promise<void> => {
    if (replay === undefined) await judged.check(dialogue);
    else await replayable(replay.seed, replay.file, () => judged.check(dialogue));
  };
  describe(target.title, { tags, meta }, () => {
    afterAll(() => target.close());

    describe.concurrent("answers as the dialogues say", () => {
      for (const dialogue of of) {
        const difference = judged.difference(dialogue);
        const listed = difference === undefined ? "" : ` (differs: ${difference.reason})`;
        test(`${nameOf(dialogue)}${listed}`, () => expectAsWritten(dialogue));
      }
    });

    for (const listed of judged.sometimes) {
      test(`is the version that goes wrong now and then: ${listed.reason}`, () =>
        judged.checkSometimes(listed, cases));
    }
  });
}
