/* The writer of hints: what it takes of the disk, and that all of it can be had back. */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { applyHints, HintWriter, readHints } from "../../src/journal/hints.ts";
import type { JournalMark } from "../../src/journal/hints.ts";
import { openReplica } from "../../src/journal/replica.ts";
import { StorageError } from "../../src/storage.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { loadEngineModule } from "../journal/machine.ts";
import { NO_FAULTS, SimulatedDisk } from "../journal/simulated-disk.ts";

/** What is told of a journal that has so many frames. */
function markOf(frames: number): JournalMark {
  return { frame: frames + 1, segment: 1, safeFrame: frames, lastId: 7 };
}

function writeAll(hints: HintWriter): void {
  hints.begin(markOf(0));
  while (hints.isBusy) hints.step();
}

test("hints that are given up take no place, whether written or being written, and can be written again", () => {
  const disk = new SimulatedDisk(randomFrom(1), StorageError);
  const { shards, checksum } = openReplica(loadEngineModule(), 1, 0);
  const hints = new HintWriter(disk, shards, checksum);
  expect([hints.bytes, hints.wasGivenUp]).toEqual([0, false]);
  writeAll(hints);
  expect([disk.list(), hints.bytes]).toEqual([["hints"], disk.bytes]);
  hints.begin(markOf(1));
  hints.giveUp();
  expect([disk.list(), hints.bytes, hints.wasGivenUp, hints.isBusy]).toEqual([[], 0, true, false]);
  writeAll(hints);
  expect([disk.list(), hints.bytes, hints.wasGivenUp]).toEqual([["hints"], disk.bytes, false]);
  expect(new HintWriter(disk, shards, checksum).bytes).toBe(disk.bytes);
});

test("hints that cannot even be deleted for want of space stay, and are given up later", () => {
  const disk = new SimulatedDisk(randomFrom(1), StorageError);
  const { shards, checksum } = openReplica(loadEngineModule(), 1, 0);
  const hints = new HintWriter(disk, shards, checksum);
  writeAll(hints);
  disk.faults = { ...NO_FAULTS, refusal: 1 };
  hints.giveUp();
  expect([disk.list(), hints.bytes, hints.wasGivenUp]).toEqual([["hints"], disk.bytes, false]);
  disk.faults = NO_FAULTS;
  hints.giveUp();
  expect([disk.list(), hints.bytes, hints.wasGivenUp]).toEqual([[], 0, true]);
});

test("hints that are abandoned half written leave their place, and the file that counts", () => {
  const disk = new SimulatedDisk(randomFrom(1), StorageError);
  const { shards, checksum } = openReplica(loadEngineModule(), 1, 0);
  const hints = new HintWriter(disk, shards, checksum);
  expect(hints.abandon()).toBe(false);
  writeAll(hints);
  hints.begin(markOf(1));
  expect([hints.abandon(), disk.list(), hints.bytes]).toEqual([true, ["hints"], disk.bytes]);
  expect([hints.giveUp(), hints.giveUp(), disk.list()]).toEqual([true, false, []]);
});

test("hints that an earlier server did not finish count for what is taken, and leave their place", () => {
  const disk = new SimulatedDisk(randomFrom(1), StorageError);
  const { shards, checksum } = openReplica(loadEngineModule(), 1, 0);
  writeAll(new HintWriter(disk, shards, checksum));
  const file = disk.create("hints.new");
  file.write(0, [new Uint8Array(5000)]);
  file.close();
  const hints = new HintWriter(disk, shards, checksum);
  expect(hints.bytes).toBe(disk.bytes);
  disk.faults = { ...NO_FAULTS, refusal: 1 };
  expect([hints.abandon(), hints.bytes]).toEqual([false, disk.bytes]);
  disk.faults = NO_FAULTS;
  expect([hints.abandon(), disk.list(), hints.bytes]).toEqual([true, ["hints"], disk.bytes]);
  expect(hints.abandon()).toBe(false);
});

test.for([false, true])(
  "hints that find no space for their name leave their place, and the file that counts (one before: %s)",
  (hasOneBefore) => {
    const disk = new SimulatedDisk(randomFrom(1), StorageError);
    const { shards, checksum } = openReplica(loadEngineModule(), 1, 0);
    const hints = new HintWriter(disk, shards, checksum);
    if (hasOneBefore) writeAll(hints);
    const before = disk.list();
    disk.onCall = (kind) => {
      if (kind === "rename") throw new StorageError("HM_STORAGE_FULL", "rename");
    };
    expect(() => writeAll(hints)).toThrow(StorageError);
    expect([hints.isBusy, hints.bytes]).toEqual([false, disk.bytes]);
    expect([hints.abandon(), disk.list(), hints.bytes]).toEqual([true, before, disk.bytes]);
    disk.onCall = () => undefined;
    writeAll(hints);
    expect([disk.list(), hints.bytes]).toEqual([["hints"], disk.bytes]);
  },
);

const TUBE = "mails";
const SECOND = 1_000_000;
const WALL = 1_700_000_000 * SECOND;

/** A server with a tube that began when the wall clock showed that. */
function begin(wallMicros: number): ReturnType<typeof openReplica> & { readonly shard: Shard } {
  const replica = openReplica(loadEngineModule(), 1, wallMicros);
  const [journal] = replica.shards;
  if (journal === undefined) throw new RangeError("a replica has a shard");
  const { shard } = journal;
  shard.input.set(Buffer.from(TUBE));
  shard.openConn(0);
  shard.useTube(0, TUBE.length, 1);
  return { ...replica, shard };
}

test.for([
  { jump: "goes on", seconds: 100, left: 800 },
  { jump: "goes past the end", seconds: 1000, left: 0 },
  { jump: "is set back a little", seconds: -10, left: 900 },
  { jump: "is set back by years", seconds: -100_000_000, left: 900 },
] as const)(
  "what is left of a pause when the wall clock $jump between two servers is at most the pause",
  ({ seconds, left }) => {
    const disk = new SimulatedDisk(randomFrom(1), StorageError);
    const first = begin(WALL);
    first.shard.pauseTube(0, TUBE.length, 900, 0);
    writeAll(new HintWriter(disk, first.shards, first.checksum));
    const next = begin(WALL + seconds * SECOND);
    const found = readHints(disk, next.checksum);
    if (found === undefined) throw new RangeError("the hints are sound");
    applyHints(found, next.shards, 0);
    next.shard.input.set(Buffer.from(TUBE));
    next.shard.statsTube(0, TUBE.length, 0);
    const figure = (which: number): number => next.shard.field(C.RESULT_STATS + which);
    expect(figure(C.TUBE_PAUSE_LEFT_MICROS)).toBe(left * SECOND);
    expect(figure(C.TUBE_CMD_PAUSE)).toBe(1);
  },
);
