/*
 * A journal from which the segment is missing in which a job moved: what ended the job later is
 * about a record that is gone, and must still end what is left of it.
 */
import { expect, test } from "vitest";
import { segmentName } from "../../src/journal/format.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { TUBES } from "./clients.ts";
import { deleteOf, fillPresentOf, MEDIUM } from "./moments.ts";
import { NO_FAULTS } from "./simulated-disk.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

const UPKEEP = 500;

test("a job that moved and was deleted does not come back where the segment with its move is missing", () => {
  const world = new World(randomFrom(1), {
    level: "sync",
    intervalMillis: 50,
    shards: 1,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: false,
    hasLongBodies: false,
    hasMessages: false,
    faults: NO_FAULTS,
  });
  world.boot();
  const id = world.clients.put(MEDIUM, 0, "");
  const job = world.ledger.jobs.get(id);
  const elsewhere = TUBES.find((tube) => tube !== job?.tube);
  if (job === undefined || elsewhere === undefined) throw new RangeError("no job that can move");
  fillPresentOf(world);
  world.clients.travels.move(job, elsewhere);
  fillPresentOf(world);
  const moved = world.ledger.jobs.get(id);
  expect(moved?.tube).toBe(elsewhere);
  if (moved !== undefined) world.clients.delete(moved);
  deleteOf(world, fillPresentOf(world));
  world.journal.close();
  world.crash(false);
  world.isDamaged = true;
  world.disk.remove(segmentName(2));
  for (let start = 0; start < 3; start++) {
    world.boot();
    expect(world.observer.observe(id, world.now), `start ${start}`).toBeUndefined();
    for (let left = UPKEEP; left > 0 && world.journal.maintain(); left--);
    world.journal.close();
    world.crash(true);
  }
  expect(world.disk.names).not.toContain(segmentName(3));
});
