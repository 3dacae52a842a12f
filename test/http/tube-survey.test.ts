/*
 * The survey of tubes, on a real shard and a clock of the test's own: what is kept for how long,
 * and which tubes grow.
 */
import { expect, test } from "vitest";
import { Shard, Wakes } from "../../src/engine/shard.ts";
import { TubeSurvey } from "../../src/http/tube-survey.ts";
import type { InProcess } from "../../src/server/in-process.ts";
import type { SessionHost } from "../../src/server/session-host.ts";
import { OneTube, TUBE } from "../engine/one-tube.ts";

/** A shard, its survey, and the time. */
class Field {
  readonly one = new OneTube();
  readonly survey: TubeSurvey;
  #millis = 0;

  constructor() {
    const { module, memory } = this.one.shard;
    const shard = new Shard(0, 0, 1, module, memory, { take: () => 0 }, new Wakes());
    const host = { shards: [shard], now: this.one.now } as unknown as SessionHost;
    const look: InProcess["look"] = (run) => run(host);
    this.survey = new TubeSurvey({ host, look } as InProcess, () => this.#millis);
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

test("a tube grows when markedly more is ready than ten to twenty seconds ago", async () => {
  const field = new Field();
  field.one.putMany(100);
  expect((await field.after(0))[TUBE]?.isGrowing).toBe(false); // nobody knows yet
  field.one.putMany(10);
  expect((await field.after(5))[TUBE]?.isGrowing).toBe(false); // few
  field.one.putMany(1);
  expect((await field.after(6))[TUBE]?.isGrowing).toBe(true); // 111, and 100 eleven seconds ago
  expect((await field.after(8))[TUBE]?.isGrowing).toBe(true); // nineteen seconds ago
  expect((await field.after(2))[TUBE]?.isGrowing).toBe(true);
  expect((await field.after(2))[TUBE]?.isGrowing).toBe(false); // 111, and 111
});

test("after a pause in which nobody looked no tube is said to grow", async () => {
  const field = new Field();
  await field.after(0);
  field.one.putMany(100);
  expect((await field.after(60))[TUBE]).toEqual({ ready: 100, isGrowing: false });
  field.one.putMany(50);
  expect((await field.after(5))[TUBE]?.isGrowing).toBe(true);
});

test("tubes that come and go take nothing from what is remembered of the others", async () => {
  const field = new Field();
  const { shard } = field.one;
  const first = shard.useTube(0, "first", 100).ref ?? 0;
  await field.after(0);
  shard.unuseTube(0, first);
  shard.useTube(0, "second", 101);
  field.one.putMany(50);
  expect(await field.after(11)).toEqual({
    [TUBE]: { ready: 50, isGrowing: true },
    second: { ready: 0, isGrowing: false },
  });
});
