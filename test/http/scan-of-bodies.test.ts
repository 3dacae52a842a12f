/* A search looks at many bodies that are not in memory: few reads bring them all, and few of them
 * are in memory at a time.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { bodyStart } from "../../src/http/job-reading.ts";
import { inSteps } from "../../src/http/job-scan.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { JournalWorld } from "../support/journal-world.ts";

const JOBS = 3000;
const BODY_BYTES = 1000;
const MEBIBYTE = 1_048_576;

function bodyOf(id: number): string {
  return `${id} `.padEnd(BODY_BYTES, "x");
}

test("3,000 jobs of 1 kB are looked at by a few reads, a mebibyte of them at a time", async () => {
  const disk = new SimulatedDisk(randomFrom(1));
  const made = new JournalWorld({}, { keptBytes: 0, broughtBytes: MEBIBYTE }, disk);
  const { world } = made;
  const client = world.connect();
  for (let id = 1; id <= JOBS; id++) client.ask(`put 0 0 9 ${BODY_BYTES}\r\n${bodyOf(id)}\r\n`);
  let reads = 0;
  disk.onCall = (kind) => void (reads += kind === "read" ? 1 : 0);
  const [shard] = world.host().look((desk) => desk.shards);
  if (shard === undefined) throw new RangeError("no shard");

  const wrong: number[] = [];
  let mostBytes = 0;
  const jobs = Array.from({ length: JOBS }, (_, at) => {
    return { id: at + 1, line: `- {id: ${at + 1}, bytes: ${BODY_BYTES}}` };
  });
  const inProcess = { look: world.host().look.bind(world.host()) };
  const over = new AbortController();
  const scan = inSteps(inProcess, jobs, (desk, { id }) => {
    const { bytes = new Uint8Array() } = bodyStart(desk, shard, id, BODY_BYTES) ?? {};
    if (Buffer.from(bytes).toString("latin1") !== bodyOf(id)) wrong.push(id);
    mostBytes = Math.max(mostBytes, made.shards[0]?.residentBytes ?? Infinity);
    return false;
  }).finally(() => over.abort());
  while (!over.signal.aborted) {
    world.settle();
    await nextTurn();
  }
  await scan;
  expect(wrong).toEqual([]);
  expect(reads).toBeLessThan(30); // a read is of one segment, which has 1 MiB here
  expect(mostBytes).toBeLessThan(2.5 * MEBIBYTE);
});
