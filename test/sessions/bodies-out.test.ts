/*
 * Bodies that are not in memory: whether they are makes no difference to any client.
 */
import { expect, test } from "vitest";
import * as fc from "fast-check";
import * as C from "../../assembly/constants.ts";
import { HandlePool } from "../../src/storage/handle-pool.ts";
import type { SyncHandle } from "../../src/storage/handle-pool.ts";
import type { Storage } from "../../src/storage.ts";
import { MirroredStorage } from "../../src/journal/mirrored-storage.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
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
function fullWorld(jobs: number, storage?: Storage, bodies = NOTHING_STAYS): JournalWorld {
  const made = new JournalWorld({}, bodies, storage);
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

function filesOfBrowser(): Storage {
  const lease = { weakness: undefined, renew: () => Promise.resolve(), release: () => undefined };
  const handles = Array.from({ length: 12 }, () => new PlainHandle());
  return new HandlePool("jobs", handles, lease);
}

function filesWithCopy(): Storage {
  return new MirroredStorage(new SimulatedDisk(randomFrom(1)), () => undefined);
}

test.each([
  { kind: "of a browser", files: filesOfBrowser },
  { kind: "that a copy is kept of", files: filesWithCopy },
])("they leave for files $kind, and come back from there, as from others", ({ files }) => {
  const made = fullWorld(100, files());
  expect(figure(made, C.SHARD_AWAY)).toBe(99);
  const heard = made.world.connect().ask("reserve\r\n".repeat(100));
  const ids = [...heard.matchAll(/^RESERVED (\d+) 10\d\r\n\1 b+\r$/gm)].map(([, id]) => id);
  expect(ids).toEqual(Array.from({ length: 100 }, (_, at) => String(at + 1)));
  expect(figure(made, C.SHARD_BROUGHT)).toBe(99);
});

test("what cannot be read between two bodies harms neither", () => {
  const disk = new SimulatedDisk(randomFrom(1));
  const made = fullWorld(100, disk);
  const client = made.world.connect();
  client.ask("delete 50\r\n");
  const gone = Buffer.from(disk.seen("journal.0000000001")).indexOf(`50 ${BODY}`);
  expect(gone).toBeGreaterThan(0);
  disk.unreadable = [{ name: "journal.0000000001", from: gone, to: gone + 10 }];
  const heard = client.ask("reserve-job 49\r\nreserve-job 51\r\n");
  expect(heard).toBe(`RESERVED 49 103\r\n49 ${BODY}\r\nRESERVED 51 103\r\n51 ${BODY}\r\n`);
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

/** A world with a job 101 that has a second, and one attempt; its body is away. */
function strictWorld(): JournalWorld {
  const made = fullWorld(100);
  made.world.connect().ask(`put 9 0 1 ${BODY.length} max:1\r\n${BODY}\r\n`);
  expect(figure(made, C.SHARD_AWAY)).toBe(100);
  return made;
}

test("no attempt begins before the body is there, however long that takes", () => {
  const made = strictWorld();
  const { world } = made;
  const worker = world.connect();
  made.isStalled = true;
  worker.say("reserve-job 101\r\n");
  world.advance(5_300_000);
  expect(worker.heard()).toBe("");
  world.verify();
  made.isStalled = false;
  world.settle();
  expect(worker.heard()).toBe(`RESERVED 101 ${BODY.length}\r\n${BODY}\r\n`);
  world.advance(900_000);
  expect(worker.ask("touch 101\r\n")).toBe("TOUCHED\r\n");
  expect(worker.ask("stats-job 101\r\n")).toMatch(/^reserves: 1\ntimeouts: 0$/m);
  world.advance(1_000_000);
  expect(worker.ask("stats-job 101\r\n")).toMatch(/^state: buried$/m);
});

test("a connection that goes before the body is there was not an attempt", () => {
  const made = strictWorld();
  const { world } = made;
  const worker = world.connect();
  made.isStalled = true;
  worker.say("reserve-job 101\r\n");
  world.advance(2_500_000);
  worker.drop();
  world.settle();
  made.isStalled = false;
  world.verify();
  const stats = world.connect().ask("stats-job 101\r\n");
  expect(stats).toMatch(/^state: ready$/m);
  expect(stats).toMatch(/^reserves: 0\ntimeouts: 0$/m);
  expect(world.connect().ask("reserve-job 101\r\n")).toContain(BODY);
});

test("bodies that cannot leave have no others leave", () => {
  const made = new JournalWorld({}, { keptBytes: 10_000, broughtBytes: 0 });
  const client = made.world.connect();
  client.ask("put 0 0 9 20\r\nbbbbbbbbbbbbbbbbbbbb\r\n".repeat(1000));
  client.ask(`put 0 0 9 ${BODY.length}\r\n${BODY}\r\n`.repeat(99));
  expect(figure(made, C.SHARD_AWAY)).toBe(0);
  client.ask(`put 0 0 9 ${BODY.length}\r\n${BODY}\r\n`.repeat(100));
  expect(figure(made, C.SHARD_AWAY)).toBeGreaterThan(0);
});

test("a body that was read back leaves again, also when its job has moved to another tube", () => {
  const made = fullWorld(100, undefined, { keptBytes: 5000, broughtBytes: 0 });
  const client = made.world.connect();
  for (let id = 1; id <= 40; id++) client.ask(`delete ${id}\r\n`); // memory is not short any more
  const away = figure(made, C.SHARD_AWAY);
  for (const id of [90, 91]) {
    expect(client.ask(`peek ${id}\r\n`)).toContain(`${id} ${BODY}`);
    expect(figure(made, C.SHARD_AWAY)).toBe(away - 1);
    expect(client.ask(`move ${id} other\r\n`)).toContain("MOVED");
  }
  expect(client.ask("peek 90\r\n")).toContain(`90 ${BODY}`);
  made.world.verify();
});

test("who cancels or moves a job, alone or in a batch, waits for its body without a turn", () => {
  const { world } = fullWorld(100);
  const client = world.connect();
  const batch = "batch 1\r\nmove 30 later\r\n";
  for (const line of ["cancel 10\r\n", "move 20 later\r\n", batch]) {
    client.say(line);
    let turns = 0;
    for (; world.hasLater; turns++) world.goOn(); // nobody reads anything yet
    expect(turns).toBeLessThan(10);
    world.settle();
    expect(client.heard()).toMatch(/^(CANCELLED|MOVED|BATCH 1\r\nMOVED)\r\n$/);
  }
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

/** A file of a browser that nothing happens to. */
class PlainHandle implements SyncHandle {
  #bytes = new Uint8Array(0);

  read(into: Uint8Array, { at }: { readonly at: number }): number {
    const found = this.#bytes.subarray(at, at + into.length);
    into.set(found);
    return found.length;
  }

  write(bytes: Uint8Array, { at }: { readonly at: number }): number {
    if (at + bytes.length > this.#bytes.length) this.truncate(at + bytes.length);
    this.#bytes.set(bytes, at);
    return bytes.length;
  }

  truncate(bytes: number): void {
    const old = this.#bytes.subarray(0, bytes);
    this.#bytes = new Uint8Array(bytes);
    this.#bytes.set(old);
  }

  flush(): void {
    return undefined;
  }

  getSize(): number {
    return this.#bytes.length;
  }

  close(): void {
    return undefined;
  }
}
