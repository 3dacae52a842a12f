/* How many slots a worker has, by what there is to do and by how late the loop runs. */
import { beforeEach, expect, test } from "vitest";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import { Autoscaler } from "../../src/worker/autoscaler.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Gate, WorkerBed } from "./worker-bed.ts";

/** A clock whose timers ring so much too late. */
class LateClock extends VirtualClock {
  lateMillis = 0;

  override after(millis: number, ring: () => void): () => void {
    return super.after(millis + this.lateMillis, ring);
  }
}

let clock: LateClock;
let sizes: number[];
let scaled: { busy: number; resize(slots: number): void };

beforeEach(() => {
  clock = new LateClock();
  sizes = [];
  scaled = { busy: 0, resize: (slots) => void sizes.push(slots) };
  new Autoscaler(clock, { min: 1, max: 4, maxLagMillis: 10 }, scaled).start();
});

test("it begins with the fewest, and grows by one each half a second while all are busy", () => {
  expect(sizes).toEqual([1]);
  scaled.busy = 4;
  clock.advance(0.49);
  expect(sizes).toEqual([1]);
  clock.advance(0.02);
  expect(sizes).toEqual([1, 2]);
  clock.advance(5);
  expect(sizes).toEqual([1, 2, 3, 4]);
});

test("it shrinks while two or more have nothing to do, and stays while one has", () => {
  scaled.busy = 4;
  clock.advance(2);
  scaled.busy = 3;
  clock.advance(2);
  expect(sizes).toEqual([1, 2, 3, 4]);
  scaled.busy = 1;
  clock.advance(5);
  expect(sizes).toEqual([1, 2, 3, 4, 3, 2]);
});

test("it shrinks while the loop is late, and does not grow before it has room", () => {
  scaled.busy = 4;
  clock.advance(2);
  clock.lateMillis = 20;
  clock.advance(10);
  expect(sizes).toEqual([1, 2, 3, 4, 3, 2, 1]);
  clock.lateMillis = 8;
  clock.advance(10);
  expect(sizes).toHaveLength(7);
  clock.lateMillis = 0;
  clock.advance(1);
  expect(sizes.at(-1)).toBeGreaterThan(1);
});

test("a worker runs as many jobs as it has slots by then", async () => {
  await using bed = await WorkerBed.open("memory");
  const gate = new Gate();
  const job = defineJob("job", { payload: unchecked<number>() });
  const worker = bed.work({
    concurrency: { min: 1, max: 3 },
    handlers: [job.handler(() => gate.enter())],
  });
  await bed.queue.enqueueMany(job, [1, 2, 3, 4, 5]);
  await until("one runs", () => gate.inside === 1);
  await bed.pass("three run", () => gate.inside === 3, 0.1);
  bed.clock.advance(2);
  expect((await bed.queue.stats("job")).active).toBe(3);
  gate.open();
  await until("the others run", () => gate.entered === 5);
  gate.open();
  await bed.pass("one slot is left", () => worker.status().slots === 1, 0.1);
});
