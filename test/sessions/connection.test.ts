/*
 * Reserving over several shards: order, and grants that meet something else on their way. Threads
 * are stepped by hand.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertiesOf } from "../support/properties.ts";
import { SECOND, tubeIn, World } from "../support/session-world.ts";
import type { End } from "../support/session-world.ts";

const holds = propertiesOf("sessions");

const SHARDS = 4;
const TUBES = Array.from({ length: SHARDS }, (_, shard) => tubeIn(shard, SHARDS));
const [ONE = "", OTHER = ""] = TUBES;
const WAITER = 0;
const GIVER = 1;

/** Watches these tubes and no other. */
function watchOnly(end: End, tubes: readonly string[]): void {
  end.ask([...tubes.map((tube) => `watch ${tube}\r\n`), "ignore default\r\n"].join(""));
}

/**
 * A connection of one thread that waits on a tube of two shards each, and one of another thread
 * that gives.
 */
function waiting(command = "reserve"): { world: World; waiter: End; giver: End } {
  const world = new World({ threads: 2, shards: SHARDS });
  const waiter = world.connect(WAITER);
  const giver = world.connect(GIVER);
  watchOnly(waiter, [ONE, OTHER]);
  waiter.say(`${command}\r\n`);
  expect(waiter.heard()).toBe("");
  return { world, waiter, giver };
}

function put(tube: string, ttrSeconds = 60): string {
  return `use ${tube}\r\nput 0 0 ${ttrSeconds} 1\r\nx\r\n`;
}

function figures(end: End, question: string): ReadonlyMap<string, string> {
  const lines = end.ask(`${question}\r\n`).split("\n");
  return new Map(lines.map((line) => [line.split(": ")[0] ?? "", line.split(": ")[1] ?? ""]));
}

test("a thread that is woken looks where it has grants, and nowhere for the journal's sake", () => {
  const { world, waiter, giver } = waiting();
  const looks: number[] = [];
  for (const shard of world.shards[WAITER] ?? []) {
    const collect = shard.collect.bind(shard);
    Object.assign(shard, {
      collect: (now: number) => {
        looks.push(shard.index);
        return collect(now);
      },
    });
  }
  world.common.wakeThreads(1 << WAITER, 0);
  world.settle();
  expect(looks).toEqual([]);
  giver.say(put(OTHER));
  world.settle();
  expect(waiter.heard()).toBe("RESERVED 1 1\r\nx\r\n");
  expect(new Set(looks)).toEqual(new Set([TUBES.indexOf(OTHER)]));
});

test("a job that is ready comes first, though time runs out for one that is held elsewhere", () => {
  const world = new World({ threads: 2, shards: SHARDS });
  const [worker, giver] = [world.connect(WAITER), world.connect(GIVER)];
  watchOnly(worker, [OTHER]);
  expect(worker.ask(`${put(OTHER, 1)}reserve\r\n`)).toContain("RESERVED 1 1\r\n");
  worker.ask(`watch ${ONE}\r\nignore ${OTHER}\r\n`);
  giver.ask(put(ONE));
  expect(worker.ask("reserve-with-timeout 1\r\n")).toBe("RESERVED 2 1\r\nx\r\n");
  expect(worker.ask("reserve-with-timeout 1\r\n")).toBe("DEADLINE_SOON\r\n");
});

test("while nobody else acts, jobs of all shards come in the order of priority and id", () => {
  const job = fc.tuple(fc.nat(SHARDS - 1), fc.nat(4));
  holds(
    fc.property(fc.array(job, { minLength: 1, maxLength: 60 }), (jobs) => {
      const world = new World({ threads: 2, shards: SHARDS });
      const [worker, giver] = [world.connect(WAITER), world.connect(GIVER)];
      watchOnly(worker, TUBES);
      const expected = jobs.map(([shard, pri], index) => {
        giver.ask(`use ${TUBES[shard] ?? ""}\r\nput ${pri} 0 60 1\r\nx\r\n`);
        return { pri, id: index + 1 };
      });
      expected.sort((a, b) => a.pri - b.pri || a.id - b.id);
      const heard = worker.ask("reserve-with-timeout 0\r\n".repeat(jobs.length + 1));
      const ids = [...heard.matchAll(/RESERVED (\d+)/g)].map(([, id]) => Number(id));
      expect(ids).toEqual(expected.map(({ id }) => id));
      expect(heard.endsWith("x\r\nTIMED_OUT\r\n")).toBe(true);
      world.verify();
    }),
    { numRuns: 60 },
  );
});

describe("a reserve that waits in two shards", () => {
  test("and gets a job in both at once is given one, and the other goes back as if nothing had been", () => {
    const { world, waiter, giver } = waiting();
    giver.say(put(ONE) + put(OTHER));
    expect(world.isWoken(WAITER)).toBe(true);
    expect(waiter.heard()).toBe("");
    world.wake(WAITER);
    world.settle();
    const [, given = ""] = /^RESERVED (\d) 1\r\nx\r\n$/.exec(waiter.heard()) ?? [];
    const back = given === "1" ? "2" : "1";
    const job = figures(giver, `stats-job ${back}`);
    expect([job.get("state"), job.get("reserves"), job.get("releases")]).toEqual([
      "ready",
      "0",
      "0",
    ]);
    expect(waiter.ask("reserve-with-timeout 0\r\n")).toBe(`RESERVED ${back} 1\r\nx\r\n`);
    world.verify();
  });

  test("gets the job again whose time ran out before it was collected", () => {
    const { world, waiter, giver } = waiting();
    giver.say(put(ONE, 1));
    world.nowMicros += 2 * SECOND;
    world.host(GIVER).tick();
    expect(waiter.heard()).toBe("");
    world.wake(WAITER);
    world.settle();
    expect(waiter.heard()).toBe("RESERVED 1 1\r\nx\r\n");
    expect(figures(giver, "stats-job 1").get("timeouts")).toBe("1");
    world.verify();
  });

  test("waits again when that job has gone to somebody else, and gets the next one", () => {
    const { world, waiter, giver } = waiting();
    giver.say(put(ONE, 1));
    world.nowMicros += 2 * SECOND;
    world.host(GIVER).tick();
    giver.say("delete 1\r\n");
    expect(giver.heard()).toContain("DELETED");
    world.wake(WAITER);
    world.settle();
    expect(waiter.heard()).toBe("");
    expect(figures(giver, "stats").get("current-waiting")).toBe("1");
    giver.ask(put(ONE));
    expect(waiter.heard()).toBe("RESERVED 2 1\r\nx\r\n");
    world.verify();
  });

  test("is given what was granted when its time-out comes before the grant", () => {
    const { world, waiter, giver } = waiting("reserve-with-timeout 1");
    giver.say(put(OTHER));
    world.nowMicros += SECOND;
    world.host(WAITER).tick();
    expect(waiter.heard()).toBe("RESERVED 1 1\r\nx\r\n");
    world.settle();
    expect(waiter.ask("reserve-with-timeout 0\r\n")).toBe("TIMED_OUT\r\n");
    world.verify();
  });

  test("and has a grant in both when its time-out comes is given one, and the other goes back", () => {
    const { world, waiter, giver } = waiting("reserve-with-timeout 1");
    giver.say(put(ONE) + put(OTHER));
    world.nowMicros += SECOND;
    world.host(WAITER).tick();
    world.settle();
    expect(waiter.heard()).toMatch(/^RESERVED \d 1\r\nx\r\n$/);
    const stats = figures(giver, "stats");
    expect([stats.get("current-jobs-ready"), stats.get("current-jobs-reserved")]).toEqual([
      "1",
      "1",
    ]);
    world.verify();
  });

  test("hands its grants back when its connection ends", () => {
    const { world, waiter, giver } = waiting();
    giver.say(put(ONE) + put(OTHER));
    waiter.drop();
    world.settle();
    const stats = figures(giver, "stats");
    expect([stats.get("current-jobs-ready"), stats.get("current-jobs-reserved")]).toEqual([
      "2",
      "0",
    ]);
    expect(figures(giver, "stats-job 1").get("reserves")).toBe("0");
    expect(stats.get("current-waiting")).toBe("0");
    world.verify();
  });

  test("passes a grant on to another that waits when its connection ends", () => {
    const { world, waiter, giver } = waiting();
    const next = world.connect(WAITER);
    watchOnly(next, [ONE]);
    next.say("reserve\r\n");
    giver.say(put(ONE));
    waiter.drop();
    world.settle();
    expect(next.heard()).toBe("RESERVED 1 1\r\nx\r\n");
    world.verify();
  });

  test("is told TIMED_OUT when the client finishes sending, and keeps no grant", () => {
    const { world, waiter, giver } = waiting();
    waiter.shutdown();
    expect(waiter.heard()).toBe("TIMED_OUT\r\n");
    world.settle();
    expect(waiter.isGone).toBe(true);
    giver.ask(put(ONE));
    expect(figures(giver, "stats-job 1").get("state")).toBe("ready");
    world.verify();
  });
});

test.each(["quit", "a half-close"])(
  "after %s the jobs are ready for others before the end can be seen",
  (way) => {
    const world = new World({ threads: 2, shards: SHARDS });
    const [holder, other] = [world.connect(WAITER), world.connect(GIVER)];
    holder.ask(`${put(ONE)}watch ${ONE}\r\nreserve\r\n`);
    if (way === "quit") holder.say("quit\r\n");
    else holder.shutdown();
    expect(holder.isClosed).toBe(true);
    expect(other.say(`use ${ONE}\r\npeek-ready\r\n`).heard()).toContain("FOUND 1 1\r\nx\r\n");
    expect(figures(other, "stats").get("current-workers")).toBe("0");
    holder.drop();
    world.verify();
  },
);

describe("a reserve that looks at other shards without their locks", () => {
  /** A worker of ONE and OTHER whose last put went to ONE, so that its runs are tried there. */
  function looking(): { world: World; worker: End; giver: End } {
    const world = new World({ threads: 2, shards: SHARDS });
    const [worker, giver] = [world.connect(WAITER), world.connect(GIVER)];
    watchOnly(worker, [ONE, OTHER]);
    worker.ask(put(ONE));
    return { world, worker, giver };
  }

  test("runs in the engine while nothing better stands elsewhere", () => {
    const { world, worker } = looking();
    worker.ask("put 5 0 60 1\r\nx\r\n".repeat(10));
    const before = world.bytesRun;
    expect(worker.ask("reserve\r\n".repeat(11)).match(/RESERVED/g)).toHaveLength(11);
    expect(world.bytesRun - before).toBe(11 * "reserve\r\n".length);
  });

  test("takes the better job of the other shard first, and then its own", () => {
    const { worker, giver } = looking();
    worker.ask("put 7 0 60 1\r\nx\r\n");
    giver.ask(`use ${OTHER}\r\nput 3 0 60 1\r\ny\r\nput 9 0 60 1\r\nz\r\n`);
    const heard = worker.ask("reserve\r\n".repeat(4));
    expect([...heard.matchAll(/RESERVED (\d+)/g)].map(([, id]) => Number(id))).toEqual([
      1, 3, 2, 4,
    ]);
  });

  test("finds a job whose delay is over although nobody has entered its shard since", () => {
    const { world, worker, giver } = looking();
    worker.ask("reserve\r\ndelete 1\r\nput 7 0 60 1\r\nx\r\n");
    giver.ask(`use ${OTHER}\r\nput 3 1 60 1\r\ny\r\n`);
    world.nowMicros += 2 * SECOND;
    expect(worker.ask("reserve\r\n")).toContain("RESERVED 3 1\r\ny\r\n");
  });

  test("passes over a paused tube, and over one that is empty again", () => {
    const { worker, giver } = looking();
    giver.ask(`use ${OTHER}\r\nput 0 0 60 1\r\ny\r\npause-tube ${OTHER} 100\r\n`);
    expect(worker.ask("reserve\r\n")).toContain("RESERVED 1 1");
    giver.ask(`pause-tube ${OTHER} 0\r\ndelete 2\r\n`);
    worker.ask("put 9 0 60 1\r\nx\r\n");
    expect(worker.ask("reserve\r\n")).toContain("RESERVED 3 1");
  });
});
