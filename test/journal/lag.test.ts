/*
 * The durable lag: how long the oldest record has been waiting for its sync, as `stats` and the
 * metrics have it.
 */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { CommitState } from "../../src/journal/commit-state.ts";
import { Journal } from "../../src/journal/journal.ts";
import type { JournalOptions } from "../../src/journal/journal-parts.ts";
import { recover } from "../../src/journal/recovery.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { loadEngineModule, Machine } from "./machine.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

/** A journal of one empty shard, whose time is `clock.millis`, and what puts a job there. */
function openJournal(level: JournalOptions["level"]) {
  const machine = new Machine(loadEngineModule(), 1);
  machine.reset(0, false);
  const shards = machine.journalShards();
  const storage = new SimulatedDisk(randomFrom(1));
  const { checksum } = machine;
  const found = recover({
    storage,
    shards,
    checksum,
    now: 0,
    strict: true,
    progress: () => undefined,
  });
  const clock = { millis: 0 };
  const journal = new Journal({
    storage,
    shards,
    options: { level, intervalMillis: 50, segmentBytes: 1_048_576, comingBytes: 0 },
    checksum,
    wallMicros: () => 0,
    state: new CommitState(),
    monotonicMillis: () => clock.millis,
    random: () => 1,
    publish: () => undefined,
    ...found,
  });
  const [shard] = machine.shards;
  if (shard === undefined) throw new RangeError("a machine has a shard");
  shard.input.set(Buffer.from("default"));
  shard.useTube(0, "default".length, 1);
  const tube = shard.field(C.RESULT_REF);
  const put = (): void => {
    const id = shard.nextId();
    expect(shard.put(tube, id, 0, 0, 60, 0, 0, 0)).toBe(C.DONE);
    journal.commit();
  };
  return { journal, clock, put, lag: () => journal.figures.oldestUnsyncedMillis };
}

test("is nothing on a server that syncs and then has nothing to do, however long", () => {
  const { journal, clock, put, lag } = openJournal("sync");
  put();
  expect(lag()).toBe(0);
  clock.millis += 1000;
  journal.mark(); // the empty frame behind it
  clock.millis += 3_600_000;
  expect(lag()).toBe(0);
});

test("counts from the oldest record that is not synced, not from an empty frame before it", () => {
  const { journal, clock, put, lag } = openJournal("interval");
  put();
  clock.millis += 30;
  put();
  expect(lag()).toBe(30);
  expect(journal.syncDueMillis).toBe(20);
  journal.sync();
  expect(lag()).toBe(0);
  journal.mark();
  clock.millis += 40;
  put();
  clock.millis += 7;
  expect(lag()).toBe(7);
  expect(journal.syncDueMillis).toBe(43);
  clock.millis += 43;
  journal.syncIfDue();
  expect(lag()).toBe(0);
});
