/*
 * How a stream is made shorter, with a mismatch that is made up: no server is played to, so that
 * the tries can be counted. fuzz.test.ts has a mismatch of two servers.
 */
import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { generateStream } from "./generator.ts";
import { shrink } from "./shrink.ts";
import { countRequests, type Stream } from "./stream.ts";
import type { Unit } from "./unit.ts";
import { Random } from "../support/random.ts";

const SEED = Number(process.env["SHRINK_SEED"] ?? randomInt(2 ** 31));
const STREAM = generateStream(SEED, 2500);
/** What a stream needs to show the mismatch. */
const NEEDED = someOf(STREAM.steps.flatMap(unitsOf), new Random(SEED));
const FOREVER_MS = 1e9;

function unitsOf(step: Stream["steps"][number]): readonly Unit[] {
  return step.kind === "burst" ? step.units : [];
}

function someOf(units: readonly Unit[], random: Random): readonly Unit[] {
  return [random.pick(units), random.pick(units), random.pick(units)];
}

/** The step by which all that is needed was sent. */
function placeIn({ steps }: Stream): { step: number } | undefined {
  const missing = new Set(NEEDED);
  for (const [index, step] of steps.entries()) {
    for (const unit of unitsOf(step)) missing.delete(unit);
    if (missing.size === 0) return { step: index };
  }
  return undefined;
}

async function shortened(budgetMs: number, shortEnough: number): Promise<[Stream, number]> {
  let tries = 0;
  const findIn = async (shorter: Stream): Promise<ReturnType<typeof placeIn>> => {
    tries++;
    return placeIn(shorter);
  };
  const isShortEnough = (shorter: Stream): boolean => countRequests(shorter) <= shortEnough;
  const first = placeIn(STREAM);
  if (first === undefined) throw new Error("the whole stream lacks a unit of its own");
  return [await shrink(STREAM, first, findIn, { budgetMs, isShortEnough }), tries];
}

test(`of a stream those units are left that the mismatch needs (SHRINK_SEED=${SEED})`, async () => {
  const [shortest, tries] = await shortened(FOREVER_MS, 0);
  expect(shortest.steps.filter(({ kind }) => kind !== "burst")).toEqual([]);
  expect(new Set(shortest.steps.flatMap(unitsOf))).toEqual(new Set(NEEDED));
  expect(tries).toBeLessThan(400);
});

test(`a stream that is short enough is tried no more (SHRINK_SEED=${SEED})`, async () => {
  const [short, tries] = await shortened(FOREVER_MS, 250);
  expect(countRequests(short)).toBeLessThanOrEqual(250);
  expect(placeIn(short)).toBeDefined();
  expect(tries).toBeLessThan(150);
});

test(`without time, what comes after the mismatch is left out (SHRINK_SEED=${SEED})`, async () => {
  const [cut, tries] = await shortened(0, 0);
  expect(cut.steps.length - 1).toBe(placeIn(STREAM)?.step);
  expect(tries).toBe(0);
});
