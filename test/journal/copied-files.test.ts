/*
 * Files that are copied on write: a full disk has no space even for the frame of a delete, until a
 * spare is given up for it. Also what is not written for want of space by a leader, at the end of a
 * server and at its start. SEED=n replays.
 */
import { expect, test } from "vitest";
import { segmentName } from "../../src/journal/format.ts";
import { Spares } from "../../src/journal/spares.ts";
import { StorageError } from "../../src/storage.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { LedServer } from "./leads.ts";
import { Crash, NO_FAULTS, SimulatedDisk } from "./simulated-disk.ts";
import { ownCode } from "./code.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const REPLAY = `SEED=${SEED} npx vitest run test/journal/copied-files.test.ts`;
const COPIED = { ...NO_FAULTS, copies: "untilSynced" } as const;
/** Calls of the storage that a delete on a full disk takes, at most. */
const CALLS_MAX = 100;
/** Jobs that fill a few segments. */
const JOBS = 90;
/** Writes that find no space, until all do. */
const REFUSALS = [1, 2, 3, 5, 20] as const;
/** Milliseconds within which puts are taken then: of some writes one is tried each second. */
const AGAIN_MILLIS = 30_000;

function sparesOf({ names }: SimulatedDisk): number {
  return names.filter((name) => name.startsWith("spare.")).length;
}

/** Not one block is left. */
function fill(disk: SimulatedDisk): void {
  disk.faults = { ...COPIED, capacity: disk.bytes };
}

/** A server that has jobs and spares, on a disk of which not one block is left. */
function fullWorld(jobs = 20): World {
  const world = new World(randomFrom(SEED), {
    level: "sync",
    intervalMillis: 50,
    shards: 2,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: true,
    hasLongBodies: false,
    faults: { ...COPIED, capacity: 8 * SEGMENT_BYTES },
  });
  world.boot();
  while (world.ledger.jobs.size < jobs) {
    world.clients.put(4000, 0);
    world.commit();
  }
  while (world.journal.maintain());
  fill(world.disk);
  return world;
}

function deleteSome(world: World): void {
  for (const job of [...world.ledger.jobs.values()].slice(0, 5)) world.clients.delete(job);
}

test(`a delete goes through at the price of a spare, and puts stay refused until there are enough again (${REPLAY})`, () => {
  const world = fullWorld();
  const before = sparesOf(world.disk);
  expect(world.journal.isFull).toBe(false);
  deleteSome(world);
  world.journal.commit();
  expect(world.journal.waitingBytes).toBe(0);
  expect(sparesOf(world.disk)).toBe(before - 1);
  expect(world.journal.isFull).toBe(true);
  fill(world.disk); // somebody else takes what it left
  world.clock += 5000;
  for (let left = 20; left > 0; left--) world.journal.maintain();
  expect(world.journal.isFull).toBe(true);
  world.disk.faults = NO_FAULTS;
  world.clock += 5000;
  while (world.journal.maintain());
  expect(world.journal.isFull).toBe(false);
  expect(sparesOf(world.disk)).toBe(before);
});

test.each(REFUSALS)(
  `after %i writes that found no space puts are taken again, though files are over their bound (${REPLAY})`,
  (refusals) => {
    const world = fullWorld(JOBS);
    world.disk.faults = NO_FAULTS;
    let left = refusals;
    world.disk.onCall = (kind) => {
      if (kind === "write" && left-- > 0) throw new StorageError("HM_STORAGE_FULL", "no space");
    };
    deleteSome(world);
    world.journal.commit();
    // A few jobs are left in each segment, and the files take more than they may.
    const jobs = [...world.ledger.jobs.values()];
    for (const [at, job] of jobs.entries()) if (at % 8 > 0) world.clients.delete(job);
    const end = world.clock + AGAIN_MILLIS;
    while (world.journal.isFull) {
      expect(world.clock).toBeLessThan(end);
      world.journal.commit();
      while (world.journal.maintain());
      world.clock += 500;
    }
  },
);

test.each([false, true])(
  `whatever call a crash hits while a spare is given up, what was acknowledged is there, and the server that comes gives up another (power cut: %s; ${REPLAY})`,
  (isPowerCut) => {
    let calls = 0;
    for (let isOver = false; !isOver; calls++) {
      const world = fullWorld();
      deleteSome(world);
      world.crashAfter(calls);
      try {
        world.journal.commit();
        isOver = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      world.crash(isPowerCut);
      fill(world.disk);
      world.boot();
      deleteSome(world);
      world.journal.commit();
      expect(world.journal.waitingBytes).toBe(0);
      world.crash(true);
      world.boot();
      expect(calls).toBeLessThan(CALLS_MAX);
    }
    expect(calls).toBeGreaterThan(4);
  },
);

test(`where even a name takes space, the last spare makes place for a shorter one (${REPLAY})`, () => {
  const world = fullWorld();
  const { disk } = world;
  const refuse = (): void => {
    disk.faults = { ...NO_FAULTS, capacity: disk.bytes };
  };
  refuse(); // frames are written in place: it is the next segment that finds no space
  let isTaken = false;
  disk.onCall = (kind) => {
    if (isTaken) refuse(); // somebody else takes what the other spares leave
    isTaken = kind === "remove" && sparesOf(disk) > 1;
    const free = disk.faults.capacity - disk.bytes;
    if (kind === "rename" && free < SEGMENT_BYTES / 2) {
      throw new StorageError("HM_STORAGE_FULL", "no space for a name");
    }
  };
  const { currentSegment } = world.journal.figures;
  while (world.journal.figures.currentSegment === currentSegment) {
    world.clients.put(4000, 0);
    world.journal.commit();
    expect(world.journal.waitingBytes).toBe(0);
  }
  expect(world.journal.isFull).toBe(true);
});

test(`a server that ends gives up a spare for what is not written (${REPLAY})`, () => {
  const world = fullWorld();
  deleteSome(world);
  const { size } = world.ledger.jobs;
  world.journal.close();
  world.crash(true);
  world.disk.faults = NO_FAULTS;
  world.boot();
  expect(world.ledger.jobs.size).toBe(size);
});

test(`an idle journal gives up nothing for its mark, and writes it when there is space (${REPLAY})`, () => {
  const world = fullWorld();
  const before = sparesOf(world.disk);
  for (let left = 10; left > 0; left--) expect(world.journal.mark()).toBe(false);
  expect([sparesOf(world.disk), world.journal.isSpent]).toEqual([before, false]);
  world.disk.faults = NO_FAULTS;
  expect(world.journal.mark()).toBe(true);
  expect(world.journal.isFull).toBe(false);
});

test(`the last spare is not given up for the mark of a server that ends (${REPLAY})`, () => {
  const world = fullWorld();
  world.disk.onCall = (kind) => {
    if (kind === "write") throw new StorageError("HM_STORAGE_FULL", "no space");
  };
  world.journal.close();
  expect(sparesOf(world.disk)).toBe(1);
});

test("the file of a segment that was not begun does not come back when a shorter one is to be it", () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new SimulatedDisk(randomFrom(seed));
    const spares = new Spares(disk, SEGMENT_BYTES, 0, () => 0);
    while (spares.prepare());
    const file = spares.use(1);
    disk.syncDirectory();
    expect(file !== undefined && spares.shorten(1, file)).toBe(true);
    disk.cutPower();
    expect(disk.names).not.toContain(segmentName(1));
  }
});

test("a leader leaves it to the journal to give up a spare", () => {
  const server = new LedServer(ownCode(), "sync");
  server.put();
  while (server.journal.maintain());
  fill(server.disk);
  const before = sparesOf(server.disk);
  const lsn = server.put();
  expect(server.leads[0].commit()).toBe("left");
  expect(sparesOf(server.disk)).toBe(before);
  server.journal.commit();
  expect([server.published, sparesOf(server.disk)]).toEqual([lsn, before - 1]);
  expect(server.journal.canBeLed).toBe(false); // each commit may be the next that needs a spare
  expect(server.jobsAfter(true)).toBe(2);
});
