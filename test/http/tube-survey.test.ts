/*
 * The survey of tubes, on a real shard and a clock of the test's own: what is kept for how long,
 * and which tubes grow.
 */
import { expect, test } from "vitest";
import { Common } from "../../src/engine/common.ts";
import { TubeSurvey } from "../../src/http/tube-survey.ts";
import { Desk } from "../../src/session/desk.ts";
import { OneTube, TUBE } from "../engine/one-tube.ts";
import { NO_PROCESS } from "../support/no-process.ts";
import { LIMITS } from "../support/session-world.ts";
import { loadBuiltControl } from "../text/load-control.ts";

const CONTROL = await loadBuiltControl();

/** A shard, its survey, and the time. */
class Field {
  readonly one = new OneTube();
  readonly survey: TubeSurvey;
  #millis = 0;

  constructor() {
    const desk = new Desk({
      shards: [this.one.handle()],
      common: Common.create(1),
      threadIndex: 0,
      limits: LIMITS,
      control: CONTROL,
      facts: NO_PROCESS,
      later: () => undefined,
      random: () => undefined,
    });
    desk.beginTurn(this.one.now);
    this.survey = new TubeSurvey({ desk, look: (run) => run(desk) }, () => this.#millis);
  }

  /** Lets time pass, and looks. */
  async after(seconds: number): Promise<Record<string, { ready: number; isGrowing: boolean }>> {
    this.#millis += seconds * 1000;
    const tubes = await this.survey.all();
    return Object.fromEntries(
      tubes.map(({ name, ready, isGrowing }) => [name, { ready, isGrowing }]),
    );
  }
}

test("what was seen is good for a second", async () => {
  const field = new Field();
  field.one.putMany(1);
  expect((await field.after(0))[TUBE]?.ready).toBe(1);
  field.one.putMany(1);
  expect((await field.after(0.9))[TUBE]?.ready).toBe(1);
  expect((await field.after(0.1))[TUBE]?.ready).toBe(2);
});

/** Looks every five seconds while jobs come and go; returns what was said. */
async function watch(field: Field, seconds: number, comePerStep: number, goPerStep: number) {
  const said: boolean[] = [];
  for (let at = 0; at < seconds; at += 5) {
    field.one.putMany(comePerStep);
    field.one.deleteMany(goPerStep);
    said.push((await field.after(5))[TUBE]?.isGrowing === true);
  }
  return said;
}

test("the largest backlog grows when more comes than goes, and a small share is enough", async () => {
  const field = new Field();
  field.one.putMany(20_000);
  expect((await field.after(0))[TUBE]?.isGrowing).toBe(false); // nobody knows yet
  const said = await watch(field, 120, 50, 45);
  expect(said.slice(0, 3)).toEqual([false, false, false]);
  expect(said.slice(4)).not.toContain(false);
});

test("as much as goes may come, and a few more, and no tube is said to grow", async () => {
  const field = new Field();
  field.one.putMany(100);
  expect(await watch(field, 300, 50, 50)).not.toContain(true);
  expect(await watch(field, 300, 200, 199)).not.toContain(true);
});

test("what goes up and down does not flap, and ends when no more came than went", async () => {
  const field = new Field();
  field.one.putMany(100);
  await watch(field, 60, 50, 40);
  const said = [];
  for (let round = 0; round < 10; round++)
    said.push(...(await watch(field, 10, 50, 50 - (round % 2))));
  expect(said).not.toContain(false);
  const ended = await watch(field, 200, 50, 50);
  expect(ended.at(-1)).toBe(false);
  expect(ended.indexOf(true, ended.indexOf(false))).toBe(-1); // once, and not again
});

test("after minutes in which nobody looked no tube is said to grow", async () => {
  const field = new Field();
  await field.after(0);
  field.one.putMany(100);
  expect((await field.after(300))[TUBE]).toEqual({ ready: 100, isGrowing: false });
  field.one.putMany(50);
  expect((await field.after(25))[TUBE]?.isGrowing).toBe(true);
});

test("tubes that come and go take nothing from what is remembered of the others", async () => {
  const field = new Field();
  const { shard } = field.one;
  const first = shard.useTube(0, "first", 100).ref ?? 0;
  await field.after(0);
  shard.unuseTube(0, first);
  shard.useTube(0, "second", 101);
  field.one.putMany(50);
  expect(await field.after(21)).toEqual({
    [TUBE]: { ready: 50, isGrowing: true },
    second: { ready: 0, isGrowing: false },
  });
});
