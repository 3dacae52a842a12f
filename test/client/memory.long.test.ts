/* What a client takes in memory: a million puts at once are taken or refused, and a long life
 * leaves nothing behind.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { outcome } from "./scripted-server.ts";
import { addressOf } from "./places.ts";

const MILLION = 1_000_000;
const MEBI = 1_048_576;

let server: ServerProcess;
beforeAll(async () => {
  server = await startHomemaker({ threads: 1, flags: ["--memory", "1g"] });
});
afterAll(() => server.stop());

/** Megabytes that are really in use. */
function heapMebi(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / MEBI;
}

test("a million puts in one turn are all answered or refused", async () => {
  await using client = await connect(addressOf(server), { timeoutMs: 120_000 });
  const body = new Uint8Array(100);
  const counts = { done: 0, refused: 0, other: 0 };
  const puts: Promise<void>[] = [];
  for (let count = 0; count < 1.5 * MILLION; count++) {
    const counted = (end: unknown): void => {
      if (typeof end !== "string") counts.done++;
      else if (end === "HM_BACKLOG") counts.refused++;
      else counts.other++;
    };
    puts.push(outcome(client.put(body)).then(counted));
  }
  await Promise.all(puts);
  expect(counts.done).toBeGreaterThanOrEqual(MILLION);
  expect(counts).toEqual({ done: counts.done, refused: 1.5 * MILLION - counts.done, other: 0 });
  expect(await client.flushTube("default")).toBe(counts.done);
}, 300_000);

test("100,000 jobs, aborted reserves, lost calls and listeners leave nothing behind", async () => {
  await using client = await connect(addressOf(server));
  await client.use("life");
  await client.watch("life");
  await client.ignore("default");
  const never = new AbortController();
  const round = async (): Promise<void> => {
    const puts = Array.from({ length: 500 }, () => client.put("x", { signal: never.signal }));
    const ids = (await Promise.all(puts)).map(({ id }) => id);
    const ends = ids.slice(0, 50).map((id) => client.await(id));
    const deleted: Promise<void>[] = [];
    let left = ids.length;
    for await (const job of client.jobs({ window: 100, signal: never.signal })) {
      void job.signal;
      deleted.push(job.delete({ timeoutMs: 3_600_000 }));
      if (--left === 0) break;
    }
    await Promise.all(deleted);
    await Promise.all(ends);
    const aborting = new AbortController();
    const aborted = outcome(client.reserve({ signal: aborting.signal }));
    await Promise.resolve();
    aborting.abort();
    await aborted;
    await outcome(client.delete(MILLION * 100));
    client.listen({})[Symbol.dispose]();
  };
  for (let count = 0; count < 50; count++) await round();
  const before = heapMebi();
  for (let count = 0; count < 200; count++) await round();
  expect(heapMebi() - before).toBeLessThan(3);
}, 300_000);
