import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { TubeSurvey } from "../../src/engine/tube-survey.ts";
import * as L from "../../assembly/layouts.ts";
import { TubeSamples } from "../../src/engine/samples.ts";
import { TIME_BOUNDS_MICROS, quantile, shardTimes, tubeTimes } from "../../src/engine/times.ts";
import { OneTube, SECOND, TUBE } from "./one-tube.ts";

const NAME = new TextEncoder().encode(TUBE);

/**
 * The queue and process times of the tube: [upper bound in microseconds, count] of each bucket that
 * is not empty, and the sum.
 */
function timesOf(one: OneTube): { queue: unknown[]; process: unknown[] } {
  one.shard.verify();
  const times = tubeTimes(one.handle(), NAME);
  if (times === undefined) throw new RangeError("there is no such tube");
  const show = ({ counts, sumMicros }: typeof times.queue): unknown[] => [
    ...[...counts.entries()]
      .filter(([, count]) => count !== 0)
      .map(([index, count]) => [TIME_BOUNDS_MICROS[index] ?? Infinity, count]),
    sumMicros,
  ];
  return { queue: show(times.queue), process: show(times.process) };
}

test("times in queue and in process are counted exactly, in the bucket of their length", () => {
  const one = new OneTube();
  one.putMany(2);
  one.now += 511;
  one.take();
  one.now += 1;
  one.take();
  one.now += 3 * SECOND;
  one.shard.deleteJob(0, one.conn, 1, one.now);
  expect(timesOf(one)).toEqual({
    queue: [[512, 1], [1024, 1], 511 + 512],
    process: [[2 ** 22, 1], 3 * SECOND + 1],
  });
});

test("a delayed job's time in queue begins when its delay is over, a released one's when it is released", () => {
  const one = new OneTube();
  one.put({ delaySeconds: 10 });
  one.now += 10 * SECOND;
  one.shard.tick(0, one.now);
  one.now += 100;
  one.take();
  one.now += 1000;
  one.shard.release(0, one.conn, 1, 0, 0, one.now);
  one.now += 300;
  one.take();
  expect(timesOf(one)).toEqual({ queue: [[512, 2], 400], process: [[1024, 1], 1000] });
});

test("a job is held for its time to run from when it was ready, though the turn that takes it began before", () => {
  const one = new OneTube();
  one.now += SECOND;
  one.put({ ttrSeconds: 2 });
  one.now -= 3000; // another thread's turn
  one.take();
  one.now += 2 * SECOND;
  one.shard.tick(0, one.now);
  expect(one.shard.release(0, one.conn, 1, 0, 0, one.now).answer).toBe("DONE");
  expect(timesOf(one).queue).toEqual([[TIME_BOUNDS_MICROS[0], 1], 0]);
});

test("a job that comes back into the middle of the others is measured as well", () => {
  const one = new OneTube();
  one.putMany(3);
  for (let id = 1; id <= 3; id++) one.take();
  for (const id of [1, 3, 2]) {
    one.shard.release(0, one.conn, id, 0, 0, one.now);
    one.now += 1000;
  }
  expect(one.drain()).toEqual([1, 2, 3]);
  expect(timesOf(one).queue).toEqual([[512, 3], [1024, 1], [2048, 1], [4096, 1], 6000]);
});

test("touching a job does not shorten its time in process", () => {
  const one = new OneTube();
  one.put();
  one.take();
  for (let i = 0; i < 3; i++) {
    one.now += 30 * SECOND;
    one.shard.touch(0, one.conn, 1, one.now);
    one.shard.verify();
  }
  one.now += 30 * SECOND;
  one.shard.bury(0, one.conn, 1, 0, one.now);
  expect(timesOf(one).process).toEqual([[2 ** 27, 1], 120 * SECOND]);
});

test("a grant counts when it is collected, and not at all when it is handed back", () => {
  const one = new OneTube();
  one.shard.pauseTube(0, TUBE, 5, one.now);
  one.put();
  one.shard.wait(0, one.conn, 1, one.now);
  one.now += 5 * SECOND;
  one.shard.tick(0, one.now);
  expect(timesOf(one).queue).toEqual([0]);
  one.now += 100;
  expect(one.shard.collect(0, one.now).answer).toBe("RESERVED");
  expect(timesOf(one).queue).toEqual([[2 ** 23, 1], 5 * SECOND + 100]);
  one.now += 50;
  one.shard.handBack(0, one.conn, 1, 0, one.now);
  expect(timesOf(one).queue).toEqual([0]);
  one.now += 50;
  one.take();
  expect(timesOf(one).queue).toEqual([[2 ** 23, 1], 5 * SECOND + 200]);
});

test("what is taken back to the tube by the end of its time to run is not processed, and is queued anew", () => {
  const one = new OneTube();
  one.put({ ttrSeconds: 1 });
  one.take();
  one.now += SECOND;
  one.shard.tick(0, one.now);
  one.now += 700;
  one.take();
  expect(timesOf(one)).toEqual({ queue: [[512, 1], [1024, 1], 700], process: [0] });
  expect(surveyOf(one)[0]?.figures[C.TUBE_TIMEOUTS]).toBe(1);
});

test("a tube that goes leaves its times to the shard's, and its memory to others", () => {
  const one = new OneTube();
  const second = one.shard.useTube(0, "second", 9).ref;
  const conn = one.shard.openConn(0, 3).ref;
  one.shard.watchTube(0, conn, "second", 10);
  one.shard.put(0, second, { id: 50 }, one.now);
  one.shard.take(0, conn, one.now);
  one.shard.deleteJob(0, conn, 50, one.now);
  one.shard.unuseTube(0, second);
  one.shard.closeConn(0, conn, one.now);
  one.shard.verify();
  const shard = one.handle();
  expect(tubeTimes(shard, new TextEncoder().encode("second"))).toBeUndefined();
  expect(shardTimes(shard).queue.counts[0]).toBe(1);
  expect(shardTimes(shard).process.counts[0]).toBe(1);
});

/** What a survey says of each tube. */
function surveyOf(one: OneTube): { name: string; number: number; figures: number[] }[] {
  const survey = new TubeSurvey(one.handle());
  const found = [];
  while (survey.next(one.now)) {
    expect(survey.count).toBeLessThanOrEqual(C.SURVEY_TUBES);
    for (let index = 0; index < survey.count; index++) {
      const figures = Array.from({ length: C.TUBE_FIGURES }, (_, at) => survey.figure(index, at));
      found.push({ name: survey.name(index), number: survey.number(index), figures });
    }
  }
  return found;
}

test("a survey shows every tube once, in pieces, with the figures that statsTube has", () => {
  const one = new OneTube();
  for (let i = 0; i < 1000; i++) one.shard.useTube(0, `tube-${i}`, i + 10);
  one.putMany(3);
  const seen = surveyOf(one);
  expect(seen.map(({ name }) => name)).toEqual([
    TUBE,
    ...Array.from({ length: 1000 }, (_, i) => `tube-${i}`),
  ]);
  const { figures = [] } = one.shard.statsTube(0, TUBE, one.now);
  expect(seen[0]?.figures).toEqual(figures.slice(0, C.TUBE_FIGURES)); // behind them are settings
});

test("a survey goes on where it was when the tube where it stopped is gone", () => {
  const one = new OneTube();
  const refs = Array.from({ length: 200 }, (_, i) => one.shard.useTube(0, `t${i}`, i + 10).ref);
  const survey = new TubeSurvey(one.handle());
  survey.next(one.now);
  const last = survey.name(survey.count - 1);
  one.shard.unuseTube(0, refs[Number(last.slice(1))] ?? 0);
  survey.next(one.now);
  expect(survey.name(0)).toBe(`t${Number(last.slice(1)) + 1}`);
});

test("what happened to the jobs of a tube is counted one by one", () => {
  const one = new OneTube();
  one.putMany(6);
  for (let id = 1; id <= 5; id++) one.take();
  one.shard.deleteJob(0, one.conn, 1, one.now);
  one.shard.release(0, one.conn, 2, 0, 30, one.now);
  one.shard.bury(0, one.conn, 3, 0, one.now);
  one.shard.touch(0, one.conn, 4, one.now);
  one.shard.kick(0, one.tube, 10, C.KIND_ANY, one.now);
  one.shard.reserveJob(0, one.conn, 2, one.now);
  const [tube] = surveyOf(one);
  const figure = (which: number): number | undefined => tube?.figures[which];
  expect({
    puts: figure(C.TUBE_PUTS),
    reserves: figure(C.TUBE_RESERVES),
    deletes: figure(C.TUBE_DELETES),
    releases: figure(C.TUBE_RELEASES),
    buries: figure(C.TUBE_BURIES),
    touches: figure(C.TUBE_TOUCHES),
    kicks: figure(C.TUBE_KICKS),
  }).toEqual({ puts: 6, reserves: 6, deletes: 1, releases: 1, buries: 1, touches: 1, kicks: 1 });
});

/** The age that a survey gives for the oldest ready job of the tube, in seconds; -1 for none. */
function oldest(one: OneTube): number {
  const micros = surveyOf(one)[0]?.figures[C.TUBE_OLDEST_MICROS] ?? Number.NaN;
  return micros < 0 ? micros : micros / SECOND;
}

test("the age of the oldest ready job counts from its put, whatever the priorities", () => {
  const one = new OneTube();
  expect(oldest(one)).toBe(-1);
  for (let pri = 60; pri > 0; pri--) {
    one.put({ pri });
    one.now += SECOND;
  }
  expect(oldest(one)).toBe(60);
  expect(one.drain()).toHaveLength(60);
  expect(oldest(one)).toBe(-1);
});

test("with more priorities than one look goes through, the oldest is found within a few, and then known", () => {
  const one = new OneTube();
  one.put({ pri: 4_000_000 });
  one.now += 1000 * SECOND;
  for (let pri = 0; pri < 500; pri++) one.put({ pri });
  let looks = 1;
  while (oldest(one) !== 1000) expect(looks++).toBeLessThanOrEqual(Math.ceil(501 / 64));
  expect(looks).toBeGreaterThan(1);
  one.now += SECOND;
  expect(oldest(one)).toBe(1001);
  one.shard.reserveJob(0, one.conn, 1, one.now);
  expect(oldest(one)).toBe(1);
});

test("a quantile lies within the bucket that it falls in", () => {
  const counts = new Float64Array(C.TIME_BUCKETS);
  counts[0] = 50;
  counts[1] = 50;
  expect(quantile({ counts, sumMicros: 0 }, 0.5)).toBe(512);
  expect(quantile({ counts, sumMicros: 0 }, 0.75)).toBe(768);
  expect(quantile({ counts: new Float64Array(C.TIME_BUCKETS), sumMicros: 0 }, 0.5)).toBeUndefined();
});

/** What the statistics of the tube say about its last times. */
function samplesOf(one: OneTube): TubeSamples {
  const handle = one.handle();
  handle.input.set(NAME);
  handle.statsTube(0, NAME.length, one.now);
  return new TubeSamples(handle);
}

/** Puts, reserves and deletes jobs that are each held for so many microseconds. */
function work(one: OneTube, heldMicros: readonly number[]): void {
  for (const micros of heldMicros) {
    one.put();
    const { id = 0 } = one.take();
    one.now += micros;
    one.shard.deleteJob(0, one.conn, id, one.now);
  }
}

test("the averages tell fast times from slow ones, and the overall one lies between", () => {
  const one = new OneTube();
  work(one, [0, 500, 500, 500, 500, 250_000, 250_000]);
  const samples = samplesOf(one);
  const [fast, slow] = [samples.figure(L.SAMPLE_FAST), samples.figure(L.SAMPLE_SLOW)];
  expect([samples.figure(L.SAMPLE_FAST_COUNT), samples.figure(L.SAMPLE_SLOW_COUNT)]).toEqual([
    5, 2,
  ]);
  expect(fast).toBeCloseTo(0.9 ** 4 * 1 + (1 - 0.9 ** 4) * 500, 9);
  expect(slow).toBe(250_000);
  expect(samples.figure(L.SAMPLE_PROCESS)).toBeGreaterThan(fast);
  expect(samples.figure(L.SAMPLE_PROCESS)).toBeLessThan(slow);
  expect(samples.figure(L.SAMPLE_PROCESS_LEAST)).toBe(1);
  expect(samples.figure(L.SAMPLE_PROCESS_MOST)).toBe(250_000);
});

test("the percentiles are of the last thousand fast times, and of the slow ones once there is one", () => {
  const one = new OneTube();
  work(
    one,
    Array.from({ length: 1500 }, (_, index) => 1 + index),
  );
  expect([50, 95, 99].map((percent) => samplesOf(one).percentile(percent))).toEqual([
    1001, 1450, 1490,
  ]);
  work(one, [100_000]);
  expect([50, 99].map((percent) => samplesOf(one).percentile(percent))).toEqual([100_000, 100_000]);
  work(one, [5, 300_000]);
  expect([49, 50].map((percent) => samplesOf(one).percentile(percent))).toEqual([100_000, 300_000]);
  one.shard.verify();
});

test("only the delete of a held job is a time to process, and each reservation is one in queue", () => {
  const one = new OneTube();
  one.putMany(4);
  one.now += 7;
  one.take();
  one.shard.release(0, one.conn, 1, 0, 0, one.now);
  one.now += 3;
  one.take();
  one.shard.bury(0, one.conn, 1, 0, one.now);
  one.now += 10;
  one.shard.reserveJob(0, one.conn, 1, one.now);
  one.take();
  one.shard.flushTube(0, TUBE, 2, () => one.now);
  one.shard.deleteJob(0, one.conn, 3, one.now);
  const samples = samplesOf(one);
  const queue = [L.SAMPLE_QUEUE_COUNT, L.SAMPLE_QUEUE_LEAST, L.SAMPLE_QUEUE_MOST];
  expect(queue.map((which) => samples.figure(which))).toEqual([4, 7, 20]);
  expect([L.SAMPLE_PROCESS, L.SAMPLE_FAST_COUNT].map((which) => samples.figure(which))).toEqual([
    0, 0,
  ]);
  expect(samples.percentile(50)).toBe(0);
  one.shard.verify();
});

test("where there is no memory for a longer ring, the last times are those that fit", () => {
  const one = new OneTube({ budgetPages: 24 });
  work(
    one,
    Array.from({ length: 256 }, (_, index) => 1 + index),
  );
  one.put({ ttrSeconds: 1000 });
  one.put({ ttrSeconds: 1000 });
  while (one.put({ pri: 1, body: new Uint8Array(3900) }).answer === "DONE");
  while (one.put({ pri: 1 }).answer === "DONE");
  for (const micros of [5000, 6000]) {
    const { id = 0 } = one.take();
    one.now += micros;
    one.shard.deleteJob(0, one.conn, id, one.now);
  }
  const samples = samplesOf(one);
  expect(samples.figure(L.SAMPLE_FAST_COUNT)).toBe(258);
  expect([0, 99, 100].map((percent) => samples.percentile(percent))).toEqual([3, 255, 6000]);
  expect(one.shard.statsTube(0, TUBE, one.now).lastTimes).toHaveLength(256);
  one.shard.verify();
});
