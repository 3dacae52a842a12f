/* The writer of hints: what it takes of the disk, and that all of it can be had back. */
import { expect, test } from "vitest";
import { HintWriter } from "../../src/journal/hints.ts";
import { openReplica } from "../../src/journal/replica.ts";
import { StorageError } from "../../src/storage.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { loadEngineModule } from "../journal/machine.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";

function writeAll(hints: HintWriter): void {
  hints.begin(1);
  while (hints.isBusy) hints.step();
}

test("hints that are given up take no place, whether written or being written, and can be written again", () => {
  const disk = new SimulatedDisk(randomFrom(1), StorageError);
  const { shards, checksum } = openReplica(loadEngineModule(), 1, 0);
  const hints = new HintWriter(disk, shards, checksum);
  expect([hints.bytes, hints.wasGivenUp]).toEqual([0, false]);
  writeAll(hints);
  expect([disk.list(), hints.bytes]).toEqual([["hints"], disk.bytes]);
  hints.begin(2);
  hints.giveUp();
  expect([disk.list(), hints.bytes, hints.wasGivenUp, hints.isBusy]).toEqual([[], 0, true, false]);
  writeAll(hints);
  expect([disk.list(), hints.bytes, hints.wasGivenUp]).toEqual([["hints"], disk.bytes, false]);
  expect(new HintWriter(disk, shards, checksum).bytes).toBe(disk.bytes);
});
