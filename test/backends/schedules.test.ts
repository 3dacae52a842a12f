/*
 * Schedules, on every back end that can keep them: whoever sets and keeps them, there is one run at
 * each moment.
 *
 * @module-tag redis-server
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type { HeldJob, JobQueue, QueueBackend, ScheduleOptions } from "../../src/entries/queue.ts";
import type { Worker } from "../../src/entries/queue.ts";
import { jobOfSchedule, runKey, SCHEDULES_TUBE } from "../../src/worker/schedule-body.ts";
import { ScheduleKeeper } from "../../src/worker/schedule-keeper.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { around } from "../worker/around.ts";
import { Hands, jobOf, KINDS } from "./beds.ts";
import type { Bed } from "./beds.ts";
import { REDIS } from "./redis-kind.ts";

const START = Date.UTC(2026, 2, 28, 12);
const MINUTE = 60_000;
/** A server's time passes by itself: a schedule is set so long before it is due. */
const SHORTLY = 20;
const FILE = "test/backends/schedules.test.ts";
const SEEDS = 100;
/** A disk takes longer. */
const DISK_SEEDS = 10;
/** What anybody may put where a schedule is kept, and none is. */
const TIMES = { every: "1m" };
const NAMED = { name: "odd", overlap: "skip", missed: "once" };
const ODD_SCHEDULES = [
  null,
  {},
  [],
  5,
  { ...NAMED, times: TIMES, run: null },
  { ...NAMED, times: TIMES, run: {} },
  { ...NAMED, times: null, run: { tube: "report", priority: 0, leaseMillis: 1 } },
];
const report = defineJob("report", { payload: unchecked<string>(), lease: "1d" });

describe.each([...KINDS, REDIS])("on a back end of the kind $name", (kind) => {
  const { open, isVirtual } = kind;
  /** What takes time, of kinds whose time is virtual. */
  const timed = isVirtual ? test : (): void => undefined;

  let bed: Bed;
  let backend: QueueBackend;
  let now: number;
  const workers: Worker[] = [];
  /** What ran: the moment that it was for. */
  let runs: number[];

  beforeAll(async () => {
    bed = await open();
    ({ backend } = bed);
  });
  beforeEach(() => {
    now = START;
    runs = [];
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop({ grace: 0 })));
    for (const tube of [SCHEDULES_TUBE, "report"]) await empty(tube);
  });
  afterAll(() => bed[Symbol.asyncDispose]());

  async function empty(tube: string): Promise<void> {
    for (const state of ["delayed", "ready", "held", "buried"] as const) {
      for await (const { id } of backend.list({ tube, state })) await backend.cancel(id);
    }
  }

  /** A queue of a program of its own, on the same back end. */
  async function queueOf(own: QueueBackend = backend): Promise<JobQueue> {
    return openQueue(own, { now: () => now });
  }

  /** A worker that notes what it runs. */
  async function work(run: () => void | Promise<void> = () => undefined): Promise<Worker> {
    const handler = report.handler(async (_, { job }) => {
      runs.push(job.schedule?.due.getTime() ?? 0);
      await run();
    });
    // Its own clock stands still: what it waits for here is nothing but jobs.
    const about = { handlers: [handler], now: () => now, clock: new VirtualClock() };
    const worker = createWorker(await queueOf(), about);
    workers.push(worker);
    worker.run().catch(() => undefined);
    return worker;
  }

  function lapse(seconds: number): void {
    now += seconds * 1000;
    if (isVirtual) bed.advance(seconds);
  }

  async function pass(seconds: number): Promise<void> {
    lapse(seconds);
    await settled();
  }

  /** Waits until nobody holds a schedule, and none is due. */
  async function settled(): Promise<void> {
    await until("all schedules wait", async () => {
      const { available, active } = await backend.stats(SCHEDULES_TUBE);
      return available + active === 0;
    });
  }

  async function ran(count: number): Promise<readonly number[]> {
    await until(`${count} runs`, async () => {
      const { available, active } = await backend.stats("report");
      return runs.length >= count && available + active === 0;
    });
    return runs;
  }

  function minutely(about: object = {}): ScheduleOptions<typeof report> {
    return { every: "1m", job: report, payload: "all", ...about };
  }

  test("it is set once, however often, and replaced by what differs", async () => {
    const [one, other] = [await queueOf(), await queueOf()];
    const next = new Date(START + MINUTE);
    expect(await one.schedules.set("r", minutely())).toEqual({ state: "new", next });
    expect(await other.schedules.set("r", minutely())).toEqual({ state: "unchanged", next });
    const hourly = minutely({ cron: "0 * * * *", every: undefined, zone: "Europe/Berlin" });
    expect(await other.schedules.set("r", hourly)).toEqual({
      state: "replaced",
      next: new Date(START + 60 * MINUTE),
    });
    await one.schedules.set("a", minutely({ payload: "some", overlap: "allow", missed: "all" }));
    expect(await one.schedules.list()).toEqual([
      {
        name: "a",
        times: { every: "1m" },
        type: "report",
        tube: "report",
        payload: "some",
        overlap: "allow",
        missed: "all",
        next,
      },
      expect.objectContaining({
        name: "r",
        times: { cron: "0 * * * *", zone: "Europe/Berlin" },
        overlap: "skip",
        missed: "once",
      }),
    ]);
    expect((await backend.stats(SCHEDULES_TUBE)).scheduled).toBe(2);
    await one.schedules.set("r", { ...hourly, payload: "some" });
    expect((await one.schedules.list())[1]?.payload).toBe("some");
  });

  test("it is removed, and set anew", async () => {
    const queue = await queueOf();
    expect(await queue.schedules.remove("r")).toBe(false);
    await queue.schedules.set("r", minutely());
    expect(await queue.schedules.remove("r")).toBe(true);
    expect(await queue.schedules.remove("r")).toBe(false);
    expect(await backend.stats(SCHEDULES_TUBE)).toMatchObject({ scheduled: 0, available: 0 });
    expect((await queue.schedules.set("r", minutely())).state).toBe("new");
  });

  test("its run knows of what schedule it is, and when it was due", async () => {
    now = START + MINUTE - SHORTLY;
    const seen: unknown[] = [];
    const queue = await queueOf();
    const worker = createWorker(queue, {
      handlers: [report.handler((payload, { job }) => void seen.push(payload, job))],
      now: () => now,
    });
    workers.push(worker);
    void worker.run();
    await queue.schedules.set("r", minutely());
    await pass(SHORTLY / 1000);
    await until("it ran", () => seen.length > 0);
    const due = new Date(START + MINUTE);
    expect(seen).toEqual([
      "all",
      expect.objectContaining({ type: "report", enqueuedAt: due, schedule: { name: "r", due } }),
    ]);
  });

  test("nobody need know its job's type, nor be a worker", async () => {
    now = START + MINUTE - SHORTLY;
    const queue = await queueOf();
    await using _ = queue.schedules.keep();
    await queue.schedules.set("r", minutely());
    await pass(SHORTLY / 1000);
    await until("the run is there", async () => (await backend.stats("report")).available === 1);
  });

  test("one that is taken and not dealt with comes again, and runs once", async () => {
    now = START + MINUTE - SHORTLY;
    const queue = await queueOf();
    await queue.schedules.set("r", minutely());
    const hands = new Hands();
    const consumer = backend.consume([SCHEDULES_TUBE], { window: 1, take: hands.take });
    if (isVirtual) bed.advance(SHORTLY / 1000);
    await hands.next();
    await consumer.close();
    now += SHORTLY;
    await work();
    expect(await ran(1)).toEqual([START + MINUTE]);
    await settled();
  });

  /** A schedule that is due, and held by somebody who does nothing yet. */
  async function heldSchedule(): Promise<HeldJob> {
    now = START + MINUTE - SHORTLY;
    const queue = await queueOf();
    await queue.schedules.set("r", minutely());
    const hands = new Hands();
    const consumer = backend.consume([SCHEDULES_TUBE], { window: 1, take: hands.take });
    if (isVirtual) bed.advance(SHORTLY / 1000);
    const held = await hands.next();
    consumer.window(0);
    now += SHORTLY;
    return held;
  }

  test("one that is held is replaced, and its holder does not bring it back", async () => {
    const held = await heldSchedule();
    const { signal } = held;
    const queue = await queueOf();
    const setting = queue.schedules.set("r", minutely({ every: "1h" }));
    await until("its holder is told", () => signal.aborted);
    await new ScheduleKeeper({ backend, now: () => now, troubled: () => undefined }).keep(held);
    expect((await setting).state).toBe("replaced");
    expect(await queue.schedules.list()).toMatchObject([{ times: { every: "1h" } }]);
    expect(await backend.stats(SCHEDULES_TUBE)).toMatchObject({ available: 0, scheduled: 1 });
  });

  test("one that is removed while it is held stays so", async () => {
    const held = await heldSchedule();
    const { signal } = held;
    const queue = await queueOf();
    const removing = queue.schedules.remove("r");
    await until("its holder is told", () => signal.aborted);
    await new ScheduleKeeper({ backend, now: () => now, troubled: () => undefined }).keep(held);
    expect(await removing).toBe(true);
    expect(await queue.schedules.list()).toEqual([]);
    expect(await queue.schedules.remove("r")).toBe(false);
    expect((await queue.schedules.set("r", minutely())).state).toBe("new");
  });

  timed("many that set and keep it make one run at each moment", async () => {
    const queues = await Promise.all(Array.from({ length: 5 }, () => queueOf()));
    for (let count = 0; count < 5; count++) await work();
    const states = await Promise.all(
      queues.map(async ({ schedules }) => (await schedules.set("r", minutely())).state),
    );
    expect(states.toSorted()).toEqual(["new", ...Array(4).fill("unchanged")]);
    for (let count = 1; count <= 20; count++) {
      await pass(60);
      await ran(count);
      await Promise.all(queues.map(({ schedules }) => schedules.set("r", minutely())));
    }
    expect(runs).toEqual(Array.from({ length: 20 }, (_, at) => START + (at + 1) * MINUTE));
  });

  timed("a change of summer time is none for what runs daily", async () => {
    const queue = await queueOf();
    const about = { cron: "30 2 * * *", zone: "Europe/Berlin", every: undefined };
    await queue.schedules.set("r", minutely(about));
    await work();
    for (let count = 1; count <= 3; count++) {
      await pass(86_400);
      await ran(count);
    }
    expect(runs.map((at) => new Date(at).toISOString())).toEqual([
      "2026-03-29T01:00:00.000Z", // there is no 02:30 that day
      "2026-03-30T00:30:00.000Z",
      "2026-03-31T00:30:00.000Z",
    ]);
  });

  for (const [missed, wanted] of [
    ["once", [30, 40]],
    ["skip", [40]],
    ["all", [10, 20, 30, 40]],
  ] as const) {
    timed(`of what was missed it runs as "${missed}" says`, async () => {
      const queue = await queueOf();
      await queue.schedules.set("r", minutely({ every: "10m", missed, overlap: "allow" }));
      lapse(35 * 60);
      await work();
      await settled();
      await pass(5 * 60);
      expect(await ran(wanted.length)).toEqual(wanted.map((at) => START + at * MINUTE));
    });
  }

  for (const [overlap, wanted] of [
    ["skip", [1, 4]],
    ["wait", [1, 2, 3, 4]],
    ["allow", [1, 2, 3, 4]],
  ] as const) {
    timed(`while a run goes on others are dealt with as "${overlap}" says`, async () => {
      const gate = Promise.withResolvers<void>();
      const queue = await queueOf();
      await queue.schedules.set("r", minutely({ overlap }));
      await work(() => gate.promise);
      await pass(60);
      await until("it runs", () => runs.length === 1);
      await pass(60);
      await pass(60);
      if (overlap === "allow") await until("all run", () => runs.length === 3);
      const { available, active } = await backend.stats("report");
      expect({ available, active }).toEqual(
        {
          skip: { available: 0, active: 1 },
          wait: { available: 2, active: 1 },
          allow: { available: 0, active: 3 },
        }[overlap],
      );
      gate.resolve();
      await ran(overlap === "skip" ? 1 : 3);
      await pass(60);
      expect(await ran(wanted.length)).toEqual(wanted.map((at) => START + at * MINUTE));
    });
  }

  timed("a run that is set aside does not keep the next from coming", async () => {
    const { schedules } = await queueOf();
    await using _ = schedules.keep();
    await schedules.set("r", minutely());
    const hands = new Hands();
    await using __ = backend.consume(["report"], { window: 1, take: hands.take });
    for (let count = 1; count <= 3; count++) {
      await pass(60);
      await (await hands.next()).bury();
      expect(await backend.stats("report")).toMatchObject({ discarded: count, available: 0 });
    }
    await pass(60);
    await hands.next();
    await schedules.set("r", minutely({ payload: "some" }));
    await pass(60); // one is there
    const { available, active, scheduled } = await backend.stats("report");
    expect({ available, active, scheduled }).toEqual({ available: 0, active: 1, scheduled: 0 });
    expect((await schedules.list())[0]).not.toHaveProperty("blockedBy");
  });

  test("what is set aside and has the key of its runs is in no run's way", async () => {
    now = START + MINUTE - SHORTLY;
    const unique = { key: runKey("r"), cooldownMillis: 0 };
    await backend.put([jobOf("x", { tube: "report", unique })]);
    const hands = new Hands();
    const consumer = backend.consume(["report"], { window: 1, take: hands.take });
    await (await hands.next()).bury();
    await consumer.close();
    const { schedules } = await queueOf();
    await using _ = schedules.keep();
    await schedules.set("r", minutely());
    await pass(SHORTLY / 1000);
    await until("the run is there", async () => (await backend.stats("report")).available === 1);
    expect(await backend.stats("report")).toMatchObject({ discarded: 1, scheduled: 0 });
  });

  timed("what a keeper left in the way that died is taken away", async () => {
    const { schedules } = await queueOf();
    const unique = { key: runKey("r"), cooldownMillis: 0 };
    const mark = '{"type":"homemaker.schedule","moment":0}\n';
    await backend.put([jobOf(mark, { tube: "report", unique, delayMillis: 86_400_000 })]);
    const hands = new Hands();
    await using __ = backend.consume(["report"], { window: 1, take: hands.take });
    await backend.put([jobOf("x", { tube: "report" })]);
    await (await hands.next()).bury();
    await using _ = schedules.keep();
    await schedules.set("r", minutely());
    await pass(120);
    await pass(60);
    expect((await hands.next()).tube).toBe("report");
    expect((await backend.stats("report")).scheduled).toBe(0);
  });

  timed("a run that is set aside with a key of its job's own is told of", async () => {
    const own = defineJob("report", { payload: unchecked<string>(), unique: (key) => key });
    const { schedules } = await queueOf();
    const troubles: unknown[] = [];
    await using _ = schedules.keep({ troubled: (error) => void troubles.push(error) });
    await schedules.set("r", { every: "1m", job: own, payload: "k" });
    const hands = new Hands();
    await using __ = backend.consume(["report"], { window: 1, take: hands.take });
    await pass(60);
    const held = await hands.next();
    const { id } = held;
    await held.bury();
    await pass(60);
    expect(await schedules.list()).toMatchObject([{ name: "r", blockedBy: id }]);
    await pass(60);
    expect(troubles).toMatchObject([{ code: "HM_SCHEDULE_BLOCKED" }]);
    await backend.cancel(id);
    await pass(60);
    await hands.next();
    expect((await schedules.list())[0]).not.toHaveProperty("blockedBy");
  });

  timed("whoever finds no room for its run tries again, and the schedule stays", async () => {
    const queue = await queueOf();
    await queue.schedules.set("r", minutely());
    const troubles: unknown[] = [];
    let isFull = true;
    const own = around(backend, {
      consume: (tubes, { take, ...options }) =>
        backend.consume(tubes, {
          ...options,
          take: (held) =>
            take({
              ...held,
              id: held.id,
              isHeld: true,
              complete: (completion) =>
                isFull ? Promise.reject(new Error("full")) : held.complete(completion),
              handBack: (about) => held.handBack(about),
            }),
        }),
    });
    const keeper = await queueOf(own);
    await using _ = keeper.schedules.keep({ troubled: (error) => void troubles.push(error) });
    lapse(60);
    await until("it was tried", () => troubles.length === 1);
    isFull = false;
    await until("it was tried again", async () => {
      lapse(1);
      return (await backend.stats("report")).available === 1;
    });
    expect(await queue.schedules.list()).toMatchObject([{ next: new Date(START + 2 * MINUTE) }]);
  });

  timed("one whose clock is behind waits until its time has come", async () => {
    const queue = await queueOf();
    await queue.schedules.set("r", minutely());
    await work();
    bed.advance(60);
    await settled();
    expect(runs).toEqual([]);
    await pass(60);
    expect(await ran(1)).toEqual([START + MINUTE]);
  });

  timed("with a last moment it ends there", async () => {
    const queue = await queueOf();
    const own = jobOfSchedule(
      "r",
      {
        schedule: {
          name: "r",
          times: { cron: "0 0 30 2 *" }, // there is none after the one that it has
          overlap: "skip",
          missed: "once",
          run: { tube: "report", priority: 0, leaseMillis: 1000 },
        },
        moment: START + MINUTE,
        body: (await report.prepare("last")).body({}),
      },
      MINUTE,
    );
    await backend.put([own]);
    await work();
    await pass(60);
    expect(await ran(1)).toEqual([START + MINUTE]);
    expect(await queue.schedules.list()).toEqual([]);
  });

  timed("what is no schedule there harms none", async () => {
    const queue = await queueOf();
    const bodies = ODD_SCHEDULES.map((schedule) => ({ moment: 1, schedule }));
    const schedules = [...bodies, { moment: 1e300 }].map(
      (about) => `${JSON.stringify({ type: "homemaker.schedule", ...about })}\n`,
    );
    const odd = ["", "{}", "{}\n", "null\n", ...schedules];
    await backend.put(odd.map((text) => jobOf(text, { tube: SCHEDULES_TUBE })));
    await queue.schedules.set("r", minutely());
    expect(await queue.schedules.list()).toHaveLength(1);
    await work();
    await pass(60);
    expect(await ran(1)).toEqual([START + MINUTE]);
  });

  test("is there when the back end comes back, if that is durable", async () => {
    await (await queueOf()).schedules.set("r", minutely());
    backend = await bed.reopen();
    const queue = await queueOf();
    const { state } = await queue.schedules.set("r", minutely());
    expect(state).toBe(backend.can.durable ? "unchanged" : "new");
  });

  test("is kept by no worker that is told not to", async () => {
    const queue = await queueOf();
    const handlers = [report.handler(() => undefined)];
    const tubes: (readonly string[])[] = [];
    const own = around(backend, {
      consume: (wanted, options) => {
        tubes.push(wanted);
        return backend.consume(wanted, options);
      },
    });
    for (const schedules of [true, false]) {
      const worker = createWorker(await queueOf(own), { handlers, schedules });
      workers.push(worker);
      void worker.run();
    }
    expect(tubes).toEqual([["report", SCHEDULES_TUBE], ["report"]]);
    expect(queue.can.unique).toBe(true);
  });

  test("is refused where that cannot be, and nothing is done", async () => {
    for (const lacks of ["unique", "atomicNext", "listing"] as const) {
      const own = around(backend, { can: { ...backend.can, [lacks]: false } });
      const { schedules } = await queueOf(own);
      const refusal = { code: "HM_NOT_SUPPORTED" };
      await expect(schedules.set("r", minutely())).rejects.toMatchObject(refusal);
      await expect(schedules.remove("r")).rejects.toMatchObject(refusal);
      await expect(schedules.list()).rejects.toMatchObject(refusal);
      expect(() => schedules.keep()).toThrow(expect.objectContaining(refusal));
    }
    const queue = await queueOf(around(backend, { can: { ...backend.can, exclusive: false } }));
    await expect(queue.schedules.set("r", minutely({ overlap: "wait" }))).rejects.toMatchObject({
      code: "HM_NOT_SUPPORTED",
    });
    expect(await queue.schedules.list()).toEqual([]);
  });

  test.each([
    ["an odd name", "", {}, "schedule"],
    ["too long a name", "n".repeat(190), {}, "takes"],
    ["odd overlap", "r", { overlap: "never" }, "overlap"],
    ["odd missed", "r", { missed: "never" }, "missed"],
    ["an option that there is not", "r", { ovrlap: "wait" }, "ovrlap: no such option"],
    ["too long a time", "r", { every: "1000000d" }, "a hundred years"],
    ["no zone", "r", { every: undefined, cron: "@daily", zone: "" }, "zone: "],
    ["no times", "r", { every: undefined }, "a cron or an every"],
    ["times that never come", "r", { every: undefined, cron: "0 0 30 2 *" }, "never due"],
  ])("%s is refused", async (_, name, about, message) => {
    const { schedules } = await queueOf();
    await expect(schedules.set(name, minutely(about))).rejects.toMatchObject({
      code: "HM_OPTION",
      message: expect.stringContaining(message),
    });
    expect(await schedules.list()).toEqual([]);
  });

  if (kind.can.exclusive) {
    test("a job with an exclusive key of its own has no other", async () => {
      const own = defineJob("report", { payload: unchecked<string>(), exclusive: (key) => key });
      const { schedules } = await queueOf();
      const wait = { every: "1m", job: own, payload: "k", overlap: "wait" } as const;
      await expect(schedules.set("r", wait)).rejects.toMatchObject({ code: "HM_OPTION" });
    });
  }

  test("a job with a unique key of its own keeps it", async () => {
    now = START + MINUTE - SHORTLY;
    const own = defineJob("report", { payload: unchecked<string>(), unique: (key) => key });
    const { schedules } = await queueOf();
    const unique = { key: "report/k", cooldownMillis: 0 };
    await backend.put([jobOf("x", { tube: "report", unique })]);
    await schedules.set("r", { every: "1m", job: own, payload: "k", overlap: "allow" });
    await using _ = schedules.keep();
    await pass(SHORTLY / 1000);
    await until("it was due", async () => {
      const [first] = await schedules.list();
      return first?.next.getTime() === START + 2 * MINUTE;
    });
    expect((await backend.stats("report")).available).toBe(1);
  });

  timed("whatever is set, removed and due at the same time, the last one holds", async () => {
    await using _ = (await queueOf()).schedules.keep();
    const count = kind.name === "memory" ? SEEDS : DISK_SEEDS;
    const seeds = Array.from({ length: count }, () => seedHere());
    for (const seed of seeds) await replayable(seed, FILE, () => changes(seed));
  });

  /** Some set and remove one schedule while time passes; then it is as the last says. */
  async function changes(seed: number): Promise<void> {
    const random = new Random(seed);
    const told = `seed ${seed}`;
    const name = `r${seed}`;
    const queues = await Promise.all([queueOf(), queueOf(), queueOf()]);
    const all = queues.map(async ({ schedules }) => {
      for (let count = 0; count < 4; count++) {
        const every = random.pick(["1m", "2m", "3m"] as const);
        if (random.oneIn(4)) await schedules.remove(name);
        else await schedules.set(name, minutely({ every }));
        lapse(random.below(90));
      }
    });
    await Promise.all(all);
    const { schedules } = await queueOf();
    await schedules.set(name, minutely({ payload: told }));
    await settled();
    expect(await schedules.list()).toMatchObject([{ name, payload: told }]);
    expect((await backend.stats(SCHEDULES_TUBE)).scheduled).toBe(1);
    expect(await schedules.remove(name)).toBe(true);
    expect(await schedules.list()).toEqual([]);
  }
});
