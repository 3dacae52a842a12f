/* Recovery as a function: what it does with a journal beyond bringing the jobs back. */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { BulkLoad } from "../../src/journal/bulk-load.ts";
import { JournalShard } from "../../src/journal/journal-shard.ts";
import { piecesOf } from "../../src/journal/pieces.ts";
import { recover } from "../../src/journal/recovery.ts";
import { scanSegment } from "../../src/journal/scan.ts";
import { readSegmentHeader } from "../../src/journal/format.ts";
import { makeShards, openShards } from "../../src/engine/shards.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { write, writeUnmarked } from "./flips.ts";
import { loadEngineModule, Machine } from "./machine.ts";
import { atStake, recordsOf } from "./records.ts";
import { tearOverEarlierUse } from "./reuse.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const REPLAY = `SEED=${SEED} npx vitest run test/journal/recovery.test.ts`;
const SEGMENT_BYTES = 1_048_576;

/** A machine that has a journal, with no more memory than it begins with. */
function smallMachine(): Machine {
  const machine = new Machine(loadEngineModule(), 1);
  machine.reset(0, false);
  return machine;
}

/** A journal of so many jobs without bodies. */
function journalOf(jobs: number): SimulatedDisk {
  const disk = new SimulatedDisk(randomFrom(1));
  const { checksum } = smallMachine();
  const parts = { storage: disk, checksum, segmentBytes: SEGMENT_BYTES, lastId: jobs };
  const load = new BulkLoad({ ...parts, wallMicros: 0, random: () => 1 });
  const tube = Buffer.from("default");
  const times = { delaySeconds: 0, ttrSeconds: 1, createdMicros: 0, dueMicros: 0 };
  for (let id = 1; id <= jobs; id++) {
    load.add({ id, tube, body: new Uint8Array(0), state: C.STATE_READY, pri: 0, ...times });
  }
  load.finish();
  return disk;
}

test("more jobs than the memory is for come back, and their table is as wide as any", () => {
  const disk = journalOf(100_000);
  const machine = smallMachine();
  const shards = machine.journalShards();
  const { report } = recover({
    storage: disk,
    shards,
    checksum: machine.checksum,
    now: 0,
    strict: true,
    progress: () => undefined,
  });
  expect(report.jobs).toBe(100_000);
  machine.verify();
});

test("a copy of another's journal goes on beyond the ids that it may lack", () => {
  const machine = smallMachine();
  const rest = { now: 0, strict: true, missingBytes: 8_800_000, progress: () => undefined };
  const shards = machine.journalShards();
  recover({ storage: journalOf(1000), shards, checksum: machine.checksum, ...rest });
  expect(machine.shards[0]?.lastId()).toBeGreaterThan(1000 + 100_000);
});

test("what the jobs take that came back is taken from the memory of all shards", () => {
  const disk = journalOf(40_000);
  const module = loadEngineModule();
  const ringBytes = 65_536;
  const memoryBytes = 2 ** 30;
  const made = makeShards(module, 2, 1, memoryBytes, ringBytes);
  const shards = openShards(made, 0).map((shard, at) => {
    const memory = made.memories[at] ?? new WebAssembly.Memory({ initial: 1 });
    shard.openJournal(16_384, 4096, 2, 0, 0);
    return new JournalShard(shard, memory, ringBytes);
  });
  const pagesLeft = (): number => new Int32Array(made.pagesLeft)[0] ?? 0;
  const { checksum } = smallMachine();
  recover({ storage: disk, shards, checksum, now: 0, strict: true, progress: () => undefined });
  const jobBytes = 40_000 * 84;
  expect(memoryBytes - pagesLeft() * C.PAGE_BYTES).toBeGreaterThan(jobBytes);
  for (const { shard } of shards) {
    shard.settleBudget();
    expect(shard.field(C.RESULT_PAGES)).toBeGreaterThanOrEqual(0);
  }
});

/** All that programs see of a disk. */
function contentsOf(disk: SimulatedDisk): readonly (readonly [string, Buffer])[] {
  return disk.names.map((name) => [name, Buffer.from(disk.seen(name))]);
}

test(`a disk that may only be read is not written to, and what recovery wants to write can be written later (${REPLAY})`, () => {
  for (const closes of [true, false]) {
    for (let seed = SEED; seed < SEED + 10; seed++) {
      const world = write(seed, closes);
      world.isDamaged = false; // so that the ledger judges
      world.disk.isReadOnly = true;
      const before = contentsOf(world.disk);
      const { unsettled } = world.recover();
      expect(unsettled?.why.code).toBe("HM_STORAGE_READ_ONLY");
      expect(() => unsettled?.settle()).toThrow(unsettled?.why.message);
      expect(contentsOf(world.disk)).toEqual(before);
      world.disk.isReadOnly = false;
      unsettled?.settle();
      world.crash(true);
      world.boot();
      expect(world.harm()).toEqual([]);
    }
  }
});

test(`records of an earlier use of a file do not count, wherever they stand (${REPLAY})`, () => {
  for (let seed = SEED; seed < SEED + 3; seed++)
    expect(() => tearOverEarlierUse(seed)).not.toThrow();
});

const FLIPS = 60;
/** What the world says of a deleted job that came back. */
const BACK = "a job came back";

test(`a bit that flips in the very last frame, before anything says that it was safe, costs that frame and nothing else (${REPLAY})`, () => {
  const world = writeUnmarked(SEED);
  world.clients.put(300, 0);
  world.clients.put(10, 0);
  world.commit();
  world.crash(false);
  world.isDamaged = true;
  const name =
    world.disk.names
      .filter((one) => one.startsWith("journal."))
      .toSorted()
      .at(-1) ?? "";
  const bytes = world.disk.seen(name);
  const { checksum } = world.machine;
  const salt = readSegmentHeader(bytes, checksum)?.salt ?? 0;
  const { from = 0, to = 0 } = piecesOf(scanSegment(bytes, salt, checksum)).at(-1) ?? {};
  const [ids, deletes] = atStake(recordsOf(world, name), from, to);
  const random = randomFrom(SEED);
  for (let round = 0; round < FLIPS; round++) {
    const bit = 8 * from + random(8 * (to - from));
    const fork = world.fork(randomFrom(SEED));
    const image = fork.disk.image(name);
    image[bit >> 3] = (image[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    fork.isDamaged = true;
    fork.recover();
    const harm = fork.harm();
    const others = harm.filter((said) => said !== BACK && !ids.has(Number.parseInt(said, 10)));
    expect({ bit, others }).toEqual({ bit, others: [] });
    expect(harm.filter((said) => said === BACK).length).toBeLessThanOrEqual(deletes);
  }
});
