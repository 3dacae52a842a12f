/* Calls of a client in the process of its broker, which are mostly answered before they return:
 * they mean what they mean elsewhere, whatever else is under way, and whatever is answered later.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import type { Client } from "../../src/client/client.ts";
import { connect } from "../../src/entries/client.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { outcome } from "./scripted-server.ts";

const directory = mkdtempSync(join(tmpdir(), "homemaker-direct-"));
/** A tube for each test, so that they may share a broker. */
let tubes = 0;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each<[string, BrokerOptions]>([
  ["in memory", { maxJobBytes: 5000 }],
  [
    "in a directory",
    { maxJobBytes: 5000, dataDirectory: directory, durability: "os", segmentBytes: 1_048_576 },
  ],
])("a client of a broker %s", (_, options) => {
  let broker: Broker;
  let client: Client;
  let other: Client;
  let tube = "";
  beforeAll(async () => void (broker = await openBroker(options)));
  afterAll(async () => {
    await broker.end();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    tube = `tube-${tubes++}`;
    [client, other] = await Promise.all([another(), another()]);
  });
  afterEach(() => Promise.all([client.close(), other.close()]));

  async function another(): Promise<Client> {
    const made = await connect(broker);
    await Promise.all([made.use(tube), made.watch(tube), made.ignore("default")]);
    return made;
  }

  test("has each call awaited, and gets what it put", async () => {
    for (const text of ["a", "", "x".repeat(4096), "y".repeat(5000)]) {
      const { id, isNew } = await client.put(bytes(text), { pri: 7, ttrSeconds: 9 });
      expect(isNew).toBe(true);
      const job = await client.reserve();
      expect([job.id, job.text, job.isHeld]).toEqual([id, text, true]);
      expect(await client.statsJob(id)).toMatchObject({ pri: 7, ttr: 9, state: "reserved" });
      await job.delete();
      expect([job.isHeld, await client.statsJob(id)]).toEqual([false, undefined]);
    }
  });

  test("keeps the bodies of jobs that it holds while others come and go", async () => {
    const held = [];
    for (let count = 0; count < 300; count++) {
      await client.put(bytes(`${count}`.padEnd(500)));
      held.push(await client.reserve());
    }
    expect(held.map(({ text }) => Number(text))).toEqual(held.map((_job, count) => count));
  });

  test("gets each body where numbers of any kind can be read", async () => {
    for (const length of [3, 16, 1, 24]) {
      await client.put(new Uint8Array(length).fill(1));
      const { body } = await client.reserve();
      expect(body.byteOffset % 8).toBe(0);
      const numbers = new Float64Array(body.buffer, body.byteOffset, Math.floor(length / 8));
      expect([body.length, numbers.length]).toEqual([length, Math.floor(length / 8)]);
    }
  });

  test("has what is called in one turn done in that order", async () => {
    const calls = [
      client.put(bytes("first")),
      client.use("elsewhere"),
      client.put(bytes("second")),
      client.listTubeUsed(),
    ];
    expect((await Promise.all(calls))[3]).toBe("elsewhere");
    const facts = [await client.statsTube(tube), await client.statsTube("elsewhere")];
    expect(facts.map((one) => one?.["current-jobs-ready"])).toEqual([1, 1]);
  });

  test("waits for a job, and is answered before what it asks behind that", async () => {
    const waiting = client.reserve();
    const behind = client.put(bytes("behind"));
    await other.put(bytes("for the one who waits"));
    expect((await waiting).text).toBe("for the one who waits");
    expect((await behind).isNew).toBe(true);
    const stop = new AbortController();
    const aborted = outcome(client.reserve({ signal: stop.signal }));
    expect(await aborted).toMatchObject({ text: "behind" });
    const never = outcome(client.reserve({ signal: stop.signal }));
    stop.abort(new Error("enough"));
    expect(await never).toBe("Error");
  });

  test("is refused what is refused everywhere, with the same errors", async () => {
    expect(await outcome(client.put(bytes("x".repeat(5001))))).toBe("HM_JOB_TOO_BIG");
    expect(await outcome(client.put(bytes("x"), { pri: -1 }))).toBe("HM_BAD_COMMAND");
    expect(await outcome(client.put(bytes("x"), { ttrSeconds: 0 }))).toBe("HM_BAD_COMMAND");
    expect(await outcome(client.delete(1.5))).toBe("HM_BAD_COMMAND");
    expect(await outcome(client.delete(999))).toBe("HM_NOT_FOUND");
    await client.setTube(tube, { jobs: 1 });
    await client.put(bytes("x"));
    expect(await outcome(client.put(bytes("x")))).toBe("HM_TUBE_FULL");
    const job = await client.reserve();
    await other.cancel(job.id);
    await job.release();
    expect(await outcome(job.delete())).toBe("HM_NOT_HELD");
    await client.close();
    expect(await outcome(client.put(bytes("x")))).toBe("HM_CLOSED");
  });

  test("hears that its broker is gone, of a call that waits and of those that follow", async () => {
    const waiting = outcome(client.reserve({ timeoutMs: 30_000 }));
    await broker.end();
    const put = outcome(client.put(bytes("x"), { timeoutMs: 1 }));
    await client.close();
    expect([await waiting, await put]).toEqual([expect.any(String), expect.any(String)]);
  });
});
