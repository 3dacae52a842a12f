/*
 * explain in sessions: it changes nothing, and what takes long leaves others their turn.
 */
import { describe, expect, test } from "vitest";
import { World } from "../support/session-world.ts";
import type { End } from "../support/session-world.ts";

/** A world with jobs in every state, some with keys, some in a paused tube. */
function fullWorld(): World {
  const world = new World({ threads: 1, shards: 4 });
  const end = world.connect();
  for (const tube of ["a", "b", "c"]) {
    end.say(`use ${tube}\r\nwatch ${tube}\r\n`);
    for (let pri = 0; pri < 4; pri++) end.say(`put ${pri} 0 100 1 con:k:2\r\nx\r\n`);
    end.say("put 5 0 100 1\r\nx\r\nput 5 50 100 1\r\nx\r\n");
  }
  end.say("reserve\r\nreserve\r\nreserve\r\nbury 1 0\r\npause-tube b 500\r\n");
  end.say("set-tube c reserved=1\r\n");
  end.heard();
  return world;
}

function everything(end: End): string {
  const jobs = Array.from({ length: 18 }, (_, at) => end.ask(`stats-job ${at + 1}\r\n`));
  const tubes = ["a", "b", "c"].map((tube) => end.ask(`stats-tube ${tube}\r\n`));
  return [...jobs, ...tubes].join("");
}

test("explain changes nothing, whatever state its job is in", () => {
  const world = fullWorld();
  const end = world.connect();
  const before = everything(end);
  const reasons = Array.from({ length: 18 }, (_, at) => {
    end.say(`explain ${at + 1}\r\n`);
    world.settle();
    return /^reason: (.*)$/m.exec(end.heard())?.[1];
  });
  expect(new Set(reasons).size).toBeGreaterThanOrEqual(5);
  expect(reasons).not.toContain(undefined);
  expect(everything(end)).toBe(before);
  world.verify();
});

describe("an explain of a job behind many", () => {
  /** A world with so many ready jobs. */
  function crowdedWorld(jobs: number): World {
    const world = new World({ threads: 1, shards: 1 });
    const end = world.connect();
    expect(end.ask("put 7 0 100 1\r\nx\r\n".repeat(jobs))).toContain(`INSERTED ${jobs}\r\n`);
    return world;
  }

  test("lets other connections have their turn between two pieces", () => {
    const world = crowdedWorld(5000);
    const [asker, other] = [world.connect(), world.connect()];
    asker.say("explain 5000\r\nlist-tube-used\r\n");
    let turns = 0;
    while (world.hasLater) {
      expect(asker.heard()).toBe("");
      other.say("put 0 0 100 1\r\ny\r\n");
      expect(other.heard()).toMatch(/^INSERTED /);
      turns += 1;
      world.goOn();
    }
    expect(turns).toBeGreaterThanOrEqual(4);
    const reply = asker.heard();
    expect(reply).toMatch(/\nbefore: 4999\n/);
    expect(reply).toMatch(/\r\nUSING default\r\n$/);
    world.verify();
  });

  test("counts up to 10,000 exactly, and says when there are more", () => {
    const world = crowdedWorld(10_002);
    const asker = world.connect();
    asker.say("explain 10001\r\n");
    world.settle();
    expect(asker.heard()).toMatch(/\nbefore: 10000\n/);
    asker.say("explain 10002\r\n");
    world.settle();
    const reply = asker.heard();
    expect(reply).toMatch(/\nbefore: 10000\+\n/);
    expect(reply).toContain('why: "10000+ jobs stand before it, ');
  });

  test("tells what became of the job meanwhile", () => {
    const world = crowdedWorld(3000);
    const [asker, other] = [world.connect(), world.connect()];
    asker.say("explain 3000\r\n");
    other.ask("reserve-job 3000\r\n");
    world.settle();
    expect(asker.heard()).toMatch(/\nreason: held\n/);
    asker.say("explain 2999\r\n");
    other.ask("delete 2999\r\n");
    world.settle();
    expect(asker.heard()).toBe("NOT_FOUND\r\n");
    world.verify();
  });

  test("counts anew when the job has come to another place", () => {
    const world = crowdedWorld(3000);
    const [asker, other] = [world.connect(), world.connect()];
    asker.say("explain 3000\r\n");
    expect(other.ask("update-job 3000 3\r\n")).toBe("UPDATED\r\n");
    world.settle();
    expect(asker.heard()).toMatch(/\nbefore: 0\n/);
  });
});
