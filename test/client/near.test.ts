/* Many jobs at once in the process of their broker, where they go without a byte of the protocol
 * unless there is a journal: they mean what they mean elsewhere, also where some come to something
 * else than the others.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import type { Client } from "../../src/client/client.ts";
import type { Job } from "../../src/client/job.ts";
import { SomeFailedError } from "../../src/client/errors.ts";
import { connect } from "../../src/entries/client.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";

const directory = mkdtempSync(join(tmpdir(), "homemaker-near-"));
let tubes = 0;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const NO_JOB = 2 ** 40;

describe.each<[string, BrokerOptions]>([
  ["in memory", { maxJobBytes: 200_000, shards: 2 }],
  ["in a directory", { maxJobBytes: 200_000, dataDirectory: directory, durability: "os" }],
])("a client of a broker %s", (_, options) => {
  let broker: Broker;
  let client: Client;
  let tube = "";
  beforeAll(async () => void (broker = await openBroker(options)));
  afterAll(async () => {
    await broker.end();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    tube = `tube-${tubes++}`;
    client = await connect(broker);
    await Promise.all([client.use(tube), client.watch(tube), client.ignore("default")]);
  });
  afterEach(() => client.close());

  async function failure(call: Promise<unknown>): Promise<readonly unknown[]> {
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SomeFailedError);
    return (error as SomeFailedError).results;
  }

  test("hears of each put whether there was room for it", async () => {
    await client.setTube(tube, { jobs: 2 });
    const results = await failure(client.putMany(["a", "b", "c", "d"].map(bytes)));
    expect(results).toMatchObject([
      { isNew: true },
      { isNew: true },
      { code: "HM_TUBE_FULL" },
      { code: "HM_TUBE_FULL" },
    ]);
    expect(await client.statsTube(tube)).toMatchObject({ "current-jobs-ready": 2 });
  });

  test("hears of a body that is too long for its tube", async () => {
    await client.setTube(tube, { body: 2 });
    expect(await failure(client.putMany(["a", "abc", "ab"].map(bytes)))).toMatchObject([
      { isNew: true },
      { code: "HM_JOB_TOO_BIG" },
      { isNew: true },
    ]);
    await expect(client.put(bytes("abc"))).rejects.toMatchObject({ code: "HM_JOB_TOO_BIG" });
  });

  test("hears something of each of those that nobody could be asked for", async () => {
    await client.setTube(tube, { jobs: 1 });
    const putting = failure(client.putMany(["a", "b", "c"].map(bytes)));
    const closing = client.close();
    expect(await putting).toHaveLength(3);
    await closing;
  });

  test("hears of a body that is too long, behind those that are not", async () => {
    const results = await failure(client.putMany([bytes("a"), new Uint8Array(200_001)]));
    expect(results).toMatchObject([{ isNew: true }, { code: "HM_JOB_TOO_BIG" }]);
  });

  test("deletes the jobs behind one that is not there", async () => {
    const [first, second, third] = await client.putMany(["a", "b", "c"].map(bytes));
    await client.delete(second?.id ?? 0);
    const ids = [first?.id ?? 0, second?.id ?? 0, NO_JOB, third?.id ?? 0];
    expect(await client.deleteMany(ids)).toEqual({ deleted: 2, notFound: 2 });
    expect(await client.reserveMany(10)).toEqual([]);
  });

  test("gets bodies whole, in the order of their priorities, and holds the jobs", async () => {
    const long = new Uint8Array(150_000).map((_byte, index) => index % 251);
    const bodies = [long, bytes("short"), bytes("")];
    await client.putMany(bodies, { pri: 5 });
    await client.putMany([bytes("first")], { pri: 1 });
    const jobs = await client.reserveMany(10);
    expect(jobs.map(({ body }) => new Uint8Array(body))).toEqual([bytes("first"), ...bodies]);
    expect(jobs.map(({ isHeld }) => isHeld)).toEqual([true, true, true, true]);
    await client.deleteMany(jobs.map(({ id }) => id));
    expect(jobs.map(({ isHeld }) => isHeld)).toEqual([false, false, false, false]);
  });

  test("gets each of very many bodies that no slot has room for together", async () => {
    const bodies = Array.from({ length: 700 }, (_value, index) => {
      return new Uint8Array(index % 400).fill(index % 251);
    });
    const inserted = await client.putMany(bodies);
    const jobs = await client.reserveMany(bodies.length);
    expect(jobs.map(({ body }) => new Uint8Array(body))).toEqual(bodies);
    expect(jobs.map(({ id }) => id)).toEqual(inserted.map(({ id }) => id));
    const ids = jobs.map(({ id }) => id);
    expect(await client.deleteMany(ids)).toEqual({ deleted: 700, notFound: 0 });
  });

  test("deletes jobs of many tubes, whichever shards they are in", async () => {
    const ids: number[] = [];
    for (let round = 0; round < 16; round++) {
      await client.use(`${tube}-${round % 8}`);
      ids.push(...(await client.putMany([bytes("a"), bytes("b")])).map(({ id }) => id));
    }
    expect(await client.deleteMany(ids)).toEqual({ deleted: 32, notFound: 0 });
    expect(await client.deleteMany(ids)).toEqual({ deleted: 0, notFound: 32 });
  });

  test("hears of the first for which there is no room, however many there are", async () => {
    await client.setTube(tube, { jobs: 300 });
    const bodies = Array.from({ length: 310 }, () => new Uint8Array(400));
    const results = await failure(client.putMany(bodies));
    expect(results.slice(299, 301)).toMatchObject([{ isNew: true }, { code: "HM_TUBE_FULL" }]);
    expect(await client.statsTube(tube)).toMatchObject({ "current-jobs-ready": 300 });
    const ids = (await client.reserveMany(400)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(300);
  });

  test("has its commands counted, and is a producer and a worker", async () => {
    const before = await client.stats();
    await client.putMany(["a", "b"].map(bytes));
    const jobs = await client.reserveMany(2);
    await client.deleteMany(jobs.map(({ id }) => id));
    const after = await client.stats();
    const more = (key: string): number => Number(after[key]) - Number(before[key]);
    expect([more("cmd-put"), more("cmd-delete")]).toEqual([2, 2]);
    expect(more("cmd-reserve-with-timeout")).toBeGreaterThanOrEqual(2);
    expect([more("current-producers"), more("current-workers")]).toEqual([1, 1]);
  });

  test("has a reserve counted as one", async () => {
    await client.put(bytes("a"));
    const before = await client.stats();
    await client.reserve();
    const after = await client.stats();
    const more = (key: string): number => Number(after[key]) - Number(before[key]);
    expect([more("cmd-reserve"), more("cmd-reserve-with-timeout")]).toEqual([1, 0]);
  });

  test("puts to the waiting, who hear at once", async () => {
    await using other = await connect(broker);
    await other.watch(tube);
    const waiting = other.reserve();
    await client.putMany(["a", "b"].map(bytes));
    expect((await waiting).text).toBe("a");
    expect((await client.reserveMany(5)).map(({ text }) => text)).toEqual(["b"]);
  });

  test("puts nothing while the broker drains", async () => {
    const draining = await openBroker({});
    await using own = await connect(draining);
    await own.putMany([bytes("a")]);
    draining.common.startDraining();
    expect(await failure(own.putMany([bytes("b")]))).toMatchObject([{ code: "HM_DRAINING" }]);
    await draining.end();
  });

  test("puts nothing where a body is none, or its buffer was transferred", async () => {
    const gone = bytes("gone");
    structuredClone(gone, { transfer: [gone.buffer] });
    const hole: Uint8Array[] = [];
    hole[1] = bytes("b");
    const wrong = { code: "HM_BAD_COMMAND" };
    await expect(client.putMany([bytes("a"), gone])).rejects.toMatchObject(wrong);
    await expect(client.putMany(hole)).rejects.toMatchObject(wrong);
    await expect(client.put(gone)).rejects.toMatchObject(wrong);
    await client.putMany([bytes(""), bytes("b")]);
    expect((await client.reserveMany(5)).map(({ text }) => text)).toEqual(["", "b"]);
  });

  test("gets its own jobs when another client asks while it hears of one that was lost", async () => {
    await using other = await connect(broker);
    await other.watch(tube);
    await client.putMany([bytes("a")], { ttrSeconds: 1 });
    const [job] = await client.reserveMany(1);
    let asked: Promise<readonly Job[]> = Promise.reject(new Error("nobody was told"));
    asked.catch(() => undefined);
    job?.onDoomed(() => void (asked = other.reserveMany(1)));
    await client.putMany(["b", "c", "d", "e"].map(bytes));
    for (const began = performance.now(); performance.now() - began < 1050;); // and hears nothing
    const own = await client.reserveMany(4);
    const others = await asked;
    expect([own.length, others.length]).toEqual([4, 1]);
    const texts = [...own, ...others].map(({ text }) => text);
    expect(texts.toSorted()).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("may be called by whoever hears that a job is lost", async () => {
    await client.putMany([bytes("a")], { ttrSeconds: 1 });
    const [job] = await client.reserveMany(1);
    let putting: Promise<unknown> = Promise.reject(new Error("nobody was told"));
    putting.catch(() => undefined);
    job?.onDoomed(() => void (putting = client.put(bytes("b"))));
    await pause(1050);
    expect((await client.reserveMany(1)).map(({ text }) => text)).toEqual(["a"]);
    expect(await putting).toMatchObject({ isNew: true });
  });
});
