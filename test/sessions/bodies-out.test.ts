/*
 * Bodies that are not in memory: whether they are makes no difference to any client.
 */
import { expect, test } from "vitest";
import * as fc from "fast-check";
import * as C from "../../assembly/constants.ts";
import { JournalWorld } from "../support/journal-world.ts";
import { propertiesOf } from "../support/properties.ts";
import { Duel, lonelySteps, steps } from "./scenario.ts";

const holds = propertiesOf("sessions");

/** Next to nothing stays, but what was read back. */
const NOTHING_STAYS = { keptBytes: 0, broughtBytes: 100_000 };
/** Enough on a machine that has much else to do. */
const PATIENCE_MS = 120_000;
const BODY = "b".repeat(100);

function figure({ shards }: JournalWorld, which: number): number {
  return shards.reduce((sum, { shard }) => {
    shard.statsShard(0);
    return sum + shard.field(C.RESULT_STATS + which);
  }, 0);
}

/** A world with so many jobs, each with its number in its body. */
function fullWorld(jobs: number): JournalWorld {
  const made = new JournalWorld({}, NOTHING_STAYS);
  const put = (_: unknown, at: number): string => {
    const body = `${at + 1} ${BODY}`;
    return `put 0 0 9 ${body.length}\r\n${body}\r\n`;
  };
  made.world.connect().ask(Array.from({ length: jobs }, put).join(""));
  return made;
}

test("all bodies but the best job's leave, and each comes back when its job is reserved", () => {
  const made = fullWorld(300);
  const { world } = made;
  expect(figure(made, C.SHARD_AWAY)).toBe(299);
  const worker = world.connect();
  for (let id = 1; id <= 300; id++) {
    const body = `${id} ${BODY}`;
    const heard = worker.ask(`reserve\r\ndelete ${id}\r\n`);
    expect(heard).toBe(`RESERVED ${id} ${body.length}\r\n${body}\r\nDELETED\r\n`);
  }
  expect(figure(made, C.SHARD_AWAY)).toBe(0);
  expect(figure(made, C.SHARD_BROUGHT)).toBe(299);
  world.verify();
});

test("what needs no body does not wait for one", () => {
  const { world } = fullWorld(100);
  const client = world.connect();
  client.say("delete 50\r\nstats-job 60\r\nupdate-job 60 1\r\n"); // nobody reads anything yet
  while (world.hasLater) world.goOn();
  world.settle();
  expect(client.heard()).toMatch(/^DELETED\r\nOK [\s\S]*\r\nUPDATED\r\n$/);
});

test("a job whose body is awaited is its worker's, whose time begins when it has it", () => {
  const { world } = fullWorld(100);
  const [worker, other] = [world.connect(), world.connect()];
  worker.say("reserve-job 50\r\n");
  expect(other.ask("delete 50\r\n")).toBe("NOT_FOUND\r\n");
  expect(worker.heard()).toContain(`RESERVED 50 103\r\n50 ${BODY}\r\n`);
  world.advance(8_900_000);
  expect(worker.ask("touch 50\r\n")).toBe("TOUCHED\r\n");
});

test("a window is sent jobs whose bodies are read back for it", () => {
  const { world } = fullWorld(100);
  const worker = world.connect();
  const heard = worker.ask("window 20\r\n");
  const ids = [...heard.matchAll(/^JOB (\d+) \d+ default 10\d\r\n\1 b+\r$/gm)].map(([, id]) => id);
  expect(ids).toEqual(Array.from({ length: 20 }, (_, at) => String(at + 1)));
});

test("a connection that goes while it waits for a body leaves its job to others", () => {
  const { world } = fullWorld(100);
  const worker = world.connect();
  worker.say("reserve-job 50\r\n");
  worker.drop();
  world.settle();
  expect(world.connect().ask("reserve-job 50\r\n")).toContain(`50 ${BODY}`);
  world.verify();
});

test(
  "whatever is asked gets the same bytes as where all bodies are in memory",
  { timeout: PATIENCE_MS },
  () => {
    let away = 0;
    const shards = fc.constantFrom(1, 4);
    const played = fc.oneof(lonelySteps, steps(false));
    const bodies = fc.record({ keptBytes: fc.nat(2000), broughtBytes: fc.nat(2000) });
    holds(
      fc.property(shards, played, bodies, (count, scenario, out) => {
        const made = new JournalWorld({ shards: count }, out);
        const whole = new JournalWorld({ shards: count });
        new Duel({}, [whole.world, made.world]).play(scenario);
        away += figure(made, C.SHARD_BROUGHT);
      }),
      { numRuns: 12 },
    );
    expect(away).toBeGreaterThan(0);
  },
);
