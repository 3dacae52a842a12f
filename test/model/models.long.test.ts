/*
 * What happens between threads is right in each order in which it can happen: the models of this
 * folder, looked through by spin, and bugs planted in them, all of them where THOROUGH is set.
 *
 * @module-tag spin
 * @module-tag gcc
 */
import { describe, expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { seedHere } from "../support/replay.ts";
import { plantedBugs, search } from "./spin.ts";

/** How many of the bugs of a model. */
const USUAL = 2;
/** A model, and what bounds what can happen in it, with bugs and without. */
const MODELS = [
  { model: "reserve", bounds: ["ROUNDS=2"] },
  { model: "keys", bounds: [] },
  { model: "turns", bounds: [] },
  { model: "window", bounds: ["TWO_JOBS", "RELEASES=0"] },
  { model: "group", bounds: ["SINGLES=1"] },
];

describe.each(MODELS)("the model $model", { timeout: 300_000 }, ({ model, bounds }) => {
  test("holds in every order", async () => {
    const { errors, states } = await search(model, bounds);
    expect(errors).toBe(0);
    expect(states).toBeGreaterThan(100_000);
  });

  test.each(someOf(plantedBugs(model), USUAL, seedHere()))("does not hold with %s", async (bug) => {
    expect((await search(model, [...bounds, bug])).errors).toBe(1);
  });

  test("has planted bugs", () => {
    expect(plantedBugs(model).length).toBeGreaterThan(3);
  });
});
