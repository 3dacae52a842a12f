/* A list, or a search, looks at bodies that are not in memory: few reads bring them all, few of
 * them are in memory at a time, and no more are read than it can have a use for.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { bodyStart } from "../../src/http/job-reading.ts";
import { inSteps } from "../../src/http/job-scan.ts";
import type { Search, Wanted } from "../../src/http/job-scan.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { JournalWorld } from "../support/journal-world.ts";

const BODY_BYTES = 1000;
const MEBIBYTE = 1_048_576;

function bodyOf(id: number): string {
  return `${id} `.padEnd(BODY_BYTES, "x");
}

/** What a scan came to. */
interface Found {
  readonly seen: readonly number[];
  /** Reads of the disk. */
  readonly reads: number;
  /** Bodies that were read back. */
  readonly brought: number;
  /** Most bytes of bodies in memory when one was looked at. */
  readonly mostBytes: number;
}

/** Goes through so many jobs, put with `delay`, whose bodies are all away, until it has `limit`. */
async function scan(
  jobs: number,
  delay: number,
  limit: number,
  wanted: Pick<Wanted, "state" | "filter">,
): Promise<Found> {
  const disk = new SimulatedDisk(randomFrom(1));
  const made = new JournalWorld({}, { keptBytes: 0, broughtBytes: MEBIBYTE }, disk);
  const { world } = made;
  const client = world.connect();
  for (let id = 1; id <= jobs; id++) {
    client.ask(`put 0 ${delay} 9 ${BODY_BYTES}\r\n${bodyOf(id)}\r\n`);
  }
  let reads = 0;
  disk.onCall = (kind) => void (reads += kind === "read" ? 1 : 0);
  const [shard] = world.host().look((desk) => desk.shards);
  if (shard === undefined) throw new RangeError("no shard");

  const seen: number[] = [];
  let mostBytes = 0;
  const listed = Array.from({ length: jobs }, (_, at) => {
    return { id: at + 1, line: `- {id: ${at + 1}, bytes: ${BODY_BYTES}}` };
  });
  const inProcess = { look: world.host().look.bind(world.host()) };
  const over = new AbortController();
  const search: Search = {
    wanted: { tube: "default", group: undefined, ...wanted },
    lacks: () => limit - seen.length,
  };
  const look: Parameters<typeof inSteps>[2] = (desk, { id }) => {
    const { bytes = new Uint8Array() } = bodyStart(desk, shard, id, BODY_BYTES) ?? {};
    expect(Buffer.from(bytes).toString("latin1") === bodyOf(id), `job ${id}`).toBe(true);
    seen.push(id);
    mostBytes = Math.max(mostBytes, made.shards[0]?.residentBytes ?? Infinity);
    return seen.length === limit;
  };
  const scanned = inSteps(inProcess, listed, look, search).finally(() => over.abort());
  while (!over.signal.aborted) {
    world.settle();
    await nextTurn();
  }
  await scanned;
  shard.statsShard(0);
  return { seen, reads, mostBytes, brought: shard.field(C.RESULT_STATS + C.SHARD_BROUGHT) };
}

test("3,000 jobs of 1 kB are looked at by a few reads, a mebibyte of them at a time", async () => {
  const wanted = { state: "ready", filter: "x" } as const;
  const { seen, reads, mostBytes } = await scan(3000, 0, Infinity, wanted);
  expect(seen).toHaveLength(3000);
  expect(reads).toBeLessThan(30); // a read is of one segment, which has 1 MiB here
  expect(mostBytes).toBeLessThan(2.5 * MEBIBYTE);
});

test.each([
  { what: "as many as it takes", filter: "", most: 50 },
  { what: "hundreds where it looks for a text, which may be in none", filter: "x", most: 512 },
])("for a list of 50 of 4,000 jobs bodies are read back: $what", async ({ filter, most }) => {
  const { seen, brought } = await scan(4000, 100, 50, { state: "delayed", filter });
  expect(seen).toHaveLength(50);
  expect(brought).toBe(most);
});
