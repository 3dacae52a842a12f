/* A broker in a program of one's own: opened, asked, broken and closed in the process of the tests,
 * which has no I/O thread, handles no signal and opens no port for it.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as C from "../../assembly/constants.ts";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import type { CommitterReport } from "../../src/broker/committer.ts";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import { openBroker as openOn } from "../../src/broker/open-broker.ts";
import type { ShardsPayload } from "../../src/broker/payload.ts";
import type { ClientConnection } from "../../src/client/connection.ts";
import type { CommitterSupervisor } from "../../src/runtime.ts";
import { brokerRuntime, openBroker } from "../../src/runtimes/node-broker.ts";
import { ServerWithData } from "../durability/server-with-data.ts";
import { until } from "../support/until.ts";
import { StuckDisk } from "./stuck-disk.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const BYTES = new TextEncoder();
const open: Broker[] = [];
const directories: string[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((broker) => broker.close()));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

async function opened(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await openBroker(options);
  open.push(broker);
  return broker;
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-broker-"));
  directories.push(directory);
  return directory;
}

async function ask(own: ClientConnection, command: string, body?: string): Promise<string> {
  const reply = await own.ask(command, body === undefined ? undefined : BYTES.encode(body));
  return reply.line;
}

async function statistic(own: ClientConnection, command: string, key: string): Promise<string> {
  const { body } = await own.ask(command);
  const text = new TextDecoder().decode(body);
  return new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1] ?? "";
}

describe("a broker in this process", () => {
  test("takes jobs and gives them, to connections that are a server's clients", async () => {
    const broker = await opened();
    const producer = broker.connect();
    const worker = broker.connect();
    expect(await ask(producer, "use work")).toBe("USING work");
    expect(await ask(worker, "watch work")).toBe("WATCHING 2");
    const reserved = worker.ask("reserve");
    expect(await ask(producer, "put 0 0 60 5", "hello")).toBe("INSERTED 1");
    const { line, body } = await reserved;
    expect(line).toBe("RESERVED 1 5");
    expect(new TextDecoder().decode(body)).toBe("hello");
    expect(await statistic(producer, "stats", "current-connections")).toBe("2");
    expect(await statistic(producer, "stats", "current-workers")).toBe("1");
    expect(await statistic(producer, "stats", "cmd-reserve")).toBe("1");
    expect(await ask(worker, "delete 1")).toBe("DELETED");
    producer.close();
    expect(await statistic(worker, "stats", "current-connections")).toBe("1");
    expect(await statistic(worker, "stats", "total-connections")).toBe("2");
    expect(await statistic(worker, "stats-tube work", "current-using")).toBe("0");
  });

  test("has one shard, whatever the processors, unless it is told otherwise", async () => {
    expect((await opened()).shards).toBe(1);
    const broker = await opened({ shards: 4 });
    expect(broker.shards).toBe(4);
    const own = broker.connect();
    for (let tube = 0; tube < 16; tube++) {
      await ask(own, `use t${tube}`);
      await ask(own, `watch t${tube}`);
      expect(await ask(own, "put 0 0 60 1", "x")).toBe(`INSERTED ${tube + 1}`);
    }
    for (let id = 1; id <= 16; id++) expect(await ask(own, "reserve")).toBe(`RESERVED ${id} 1`);
  });

  test("lets delays, times to run, pauses and time-outs end with nobody calling", async () => {
    const clock = new VirtualClock(7_000_000);
    const own = (await opened({ clock })).connect();
    const other = open[0]?.connect();
    await ask(own, "put 0 30 60 1", "x");
    const delayed = own.ask("reserve");
    await nextTurn();
    clock.advance(30);
    expect((await delayed).line).toBe("RESERVED 1 1");
    const second = other?.ask("reserve");
    await nextTurn();
    clock.advance(61); // its time to run
    expect((await second)?.line).toBe("RESERVED 1 1");
    expect(await statistic(own, "stats-job 1", "timeouts")).toBe("1");
    await ask(own, "put 0 0 60 1", "y");
    await ask(own, "pause-tube default 100");
    const paused = own.ask("reserve");
    await nextTurn();
    clock.advance(99.9);
    await nextTurn();
    expect(await statistic(other ?? own, "stats-tube default", "current-waiting")).toBe("1");
    clock.advance(0.2);
    expect((await paused).line).toMatch(/^RESERVED [12] 1$/);
    await ask(own, "watch nothing");
    await ask(own, "ignore default");
    const timedOut = own.ask("reserve-with-timeout 5");
    await nextTurn();
    clock.advance(5);
    expect((await timedOut).line).toBe("TIMED_OUT");
  });

  test("keeps time by the process's clock if it is given none", async () => {
    const own = (await opened()).connect();
    await ask(own, "put 0 1 3 1", "x");
    expect(await ask(own, "reserve")).toBe("RESERVED 1 1");
    // On a busy machine the last second of its time to run may pass unseen; then it is held anew.
    await until("its time to run is nearly over", async () => {
      return (await ask(own, "reserve-with-timeout 0")) === "DEADLINE_SOON";
    });
    await until("its time to run is over", async () => {
      return (await statistic(own, "stats-job 1", "state")) === "ready";
    });
    expect(await statistic(own, "stats-job 1", "timeouts")).toMatch(/^[1-9]/);
  });

  test("does not know of another one beside it", async () => {
    const [one, other] = [await opened(), await opened()];
    const own = one.connect();
    expect(await ask(own, "put 0 0 60 1", "x")).toBe("INSERTED 1");
    expect(await ask(other.connect(), "put 0 0 60 1", "y")).toBe("INSERTED 1");
    await other.close();
    expect(await ask(own, "reserve")).toBe("RESERVED 1 1");
  });

  test("tells the log that it is given, and nobody else", async () => {
    const lines: string[] = [];
    const heard = vi.spyOn(process.stderr, "write");
    const broker = await opened({ log: { write: (level, line) => void lines.push(level, line) } });
    expect(await ask(broker.connect(), "drain")).toBe("DRAINING");
    await nextTurn();
    expect(lines[0]).toBe("info");
    expect(lines).toHaveLength(2);
    expect(heard).not.toHaveBeenCalled();
    heard.mockRestore();
  });
});

test.each<[unknown, RegExp]>([
  [{ shards: 3 }, /^shards: expected a power of two, 1 to 64, not 3$/],
  [{ shards: "4" }, /^shards: expected a power of two, 1 to 64, not "4"$/],
  [{ memoryBytes: -1 }, /^memoryBytes: expected a size from 1MiB to 256GiB, not -1$/],
  [{ memoryBytes: Number.NaN }, /^memoryBytes: expected a size .*, not NaN$/],
  [{ memoryBytes: Infinity }, /^memoryBytes: expected a size .*, not Infinity$/],
  [{ memoryBytes: 1_048_576n }, /^memoryBytes: expected a size .*, not 1048576n$/],
  [{ shards: true }, /^shards: expected a power of two, 1 to 64, not true$/],
  [{ shards: Symbol("four") }, /^shards: expected a power of two, 1 to 64, not Symbol\(four\)$/],
  [{ dataDirectory: Object.create(null) }, /^dataDirectory: expected a directory, not an object$/],
  [{ dataDirectory: null }, /^dataDirectory: expected a directory, not null$/],
  [{ maxWatch: 1.5 }, /^maxWatch: expected a whole number, 1 to 1000000, not 1\.5$/],
  [{ dataDirectory: "" }, /^dataDirectory: expected a directory, not ""$/],
  [{ dataDirectory: "/tmp", durability: "often" }, /^durability: expected .*sync.*, not "often"$/],
  [{ durability: "sync" }, /^durability: without a dataDirectory/],
  [{ syncIntervalMillis: 0 }, /^syncIntervalMillis: .*from 1ms to 1h, in milliseconds, not 0$/],
  [{ listen: [] }, /^listen: no such option$/],
  [{ clock: Date }, /^clock: expected an object with now and after, not a function$/],
  [{ clock: { now: () => 0 } }, /^clock: expected an object with now and after, not an object$/],
  [{ log: "stderr" }, /^log: expected an object with write, not "stderr"$/],
  [{ log: null }, /^log: expected an object with write, not null$/],
  [{ onBroken: {} }, /^onBroken: expected a function, not an object$/],
  [null, /^expected an object with options, not null$/],
  ["/var/lib/jobs", /^expected an object with options, not "\/var\/lib\/jobs"$/],
])("%o is refused, with its name", async (options, message) => {
  const refused = openBroker(options as BrokerOptions);
  await expect(refused).rejects.toMatchObject({ code: "HM_OPTION" });
  await expect(refused).rejects.toThrow(message);
});

describe("a broker with a directory", () => {
  test("has its jobs again when it is opened anew, on several shards too", async () => {
    const dataDirectory = newDirectory();
    const first = await opened({ dataDirectory, shards: 4 });
    const own = first.connect();
    for (let tube = 0; tube < 8; tube++) {
      await ask(own, `use t${tube}`);
      await ask(own, "put 0 0 60 1", "x");
    }
    await ask(own, "put 0 3600 60 1", "x");
    await ask(own, "delete 3");
    await first.close();
    const again = (await opened({ dataDirectory, shards: 2 })).connect();
    expect(await statistic(again, "stats", "current-jobs-ready")).toBe("7");
    expect(await statistic(again, "stats", "current-jobs-delayed")).toBe("1");
    expect(await ask(again, "peek 3")).toBe("NOT_FOUND");
    expect(await ask(again, "put 0 0 60 1", "x")).toBe("INSERTED 10");
  });

  test("goes on with delays by a clock that is given to it", async () => {
    const dataDirectory = newDirectory();
    const first = await opened({ dataDirectory, clock: new VirtualClock(5e9) });
    await ask(first.connect(), "put 0 3600 60 1", "x");
    await first.close();
    const clock = new VirtualClock(9e9);
    const again = (await opened({ dataDirectory, clock })).connect();
    const left = Number(await statistic(again, "stats-job 1", "time-left"));
    expect(left).toBeGreaterThan(3500);
    expect(left).toBeLessThanOrEqual(3600);
    const reserved = again.ask("reserve");
    await nextTurn();
    clock.advance(3600);
    expect((await reserved).line).toBe("RESERVED 1 1");
  });

  test("never has this thread wait for the disk, or for room", async () => {
    const waits = vi.spyOn(Atomics, "wait");
    const runtime = {
      ...brokerRuntime,
      openStorage: (): never => {
        throw new Error("the thread leads a commit");
      },
    };
    const directory = newDirectory();
    const broker = await openOn({ dataDirectory: directory, segmentBytes: 1_048_576 }, runtime);
    open.push(broker);
    const own = broker.connect();
    const body = "x".repeat(60_000);
    const puts = Array.from({ length: 200 }, () => own.ask("put 0 0 60 60000", BYTES.encode(body)));
    const lines = (await Promise.all(puts)).map(({ line }) => line);
    expect(lines.at(-1)).toBe("INSERTED 200"); // twelve times what a ring holds
    expect(waits).not.toHaveBeenCalled();
    waits.mockRestore();
  });

  test("keeps others out, and leaves the directory to them when it is closed", async () => {
    const dataDirectory = newDirectory();
    const first = await opened({ dataDirectory });
    await expect(openBroker({ dataDirectory })).rejects.toMatchObject({
      code: "HM_JOURNAL",
      reason: "HM_STORAGE_BUSY",
    });
    const refused = new ServerWithData({ directory: dataDirectory });
    expect(await refused.ended).toBe(1);
    expect(refused.complaints.join()).toContain(`process ${process.pid} on`);
    await ask(first.connect(), "put 0 0 60 1", "x");
    await first.close();
    const server = await ServerWithData.serving({ directory: dataDirectory });
    await expect(openBroker({ dataDirectory })).rejects.toMatchObject({
      reason: "HM_STORAGE_BUSY",
    });
    await server.stop();
    const again = await opened({ dataDirectory });
    expect(await ask(again.connect(), "reserve")).toBe("RESERVED 1 1");
  });

  test("that cannot be one is told as such", async () => {
    const inFile = join(process.execPath, "data");
    await expect(openBroker({ dataDirectory: inFile })).rejects.toMatchObject({
      code: "HM_JOURNAL",
      reason: "HM_STORAGE_FAILED",
    });
  });
});

describe("a broker that is closed", () => {
  test("lets replies leave that wait for the disk, and rejects the rest", async () => {
    const dataDirectory = newDirectory();
    const broker = await opened({ dataDirectory });
    const own = broker.connect();
    await ask(own, "watch none");
    const reserved = broker.connect().ask("reserve-job 99");
    const blocked = own.ask("reserve");
    const put = broker.connect().ask("put 0 0 60 1", BYTES.encode("x"));
    await nextTurn();
    const closed = broker.close();
    expect(broker.close()).toBe(closed);
    expect((await put).line).toBe("INSERTED 1");
    expect((await reserved).line).toBe("NOT_FOUND");
    await expect(blocked).resolves.toMatchObject({ line: "RESERVED 1 1" });
    await closed;
  });

  test("rejects what waits for a job, and takes nothing more", async () => {
    const broker = await opened();
    const own = broker.connect();
    const blocked = own.ask("reserve");
    await nextTurn();
    await broker.close();
    await expect(blocked).rejects.toMatchObject({
      code: "HM_LOST",
      cause: { code: "HM_CLOSED" },
    });
    await expect(own.ask("stats")).rejects.toMatchObject({ code: "HM_NOT_SENT" });
    expect(() => broker.connect()).toThrow(expect.objectContaining({ code: "HM_CLOSED" }));
  });

  test("has set no timer and left nothing but the journal", async () => {
    const clock = new VirtualClock();
    const dataDirectory = newDirectory();
    const held = (): string[] =>
      process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout"); // vitest has some
    const before = held().length;
    {
      await using broker = await openBroker({ clock, dataDirectory });
      await ask(broker.connect(), "put 0 10 60 1", "x");
      expect(clock.timers).toBe(1);
    }
    expect(clock.timers).toBe(0);
    await until("it has let go of what it held", () => held().length <= before);
    expect(held()).toHaveLength(before);
    expect(readdirSync(dataDirectory)).not.toContain("lock.socket");
  });
});

describe("a broker whose memory is not what it was", () => {
  /** Overwrites what the engine keeps in its pages; the next command traps. */
  function ruin(broker: Broker): void {
    const { memories, threads } = (broker.content as ShardsPayload).memories;
    const heap = C.THREADS_BASE + threads * C.THREAD_BYTES;
    for (const { buffer } of memories) new Uint8Array(buffer, heap).fill(0xa5);
  }

  test("is of no use any more, says so everywhere, and ends nothing else", async () => {
    const told: unknown[] = [];
    const broker = await opened({ onBroken: (error) => void told.push(error) });
    const bystander = (await opened()).connect();
    const [worker, own] = [broker.connect(), broker.connect()];
    await ask(own, "put 0 100 60 1", "x");
    const blocked = worker.ask("reserve");
    await nextTurn();
    ruin(broker);
    const fatal = own.ask("put 0 0 60 1", BYTES.encode("x"));
    const cause = expect.objectContaining({ code: "HM_BROKEN" });
    await expect(fatal).rejects.toMatchObject({ code: "HM_LOST", cause });
    await expect(blocked).rejects.toMatchObject({ code: "HM_LOST", cause });
    await expect(own.ask("stats")).rejects.toMatchObject({ code: "HM_NOT_SENT", cause });
    expect(() => broker.connect()).toThrow(cause);
    expect(told).toEqual([cause]);
    expect(await ask(bystander, "put 0 0 60 1", "x")).toBe("INSERTED 1");
    await broker.close();
    expect(told).toHaveLength(1);
  });

  test("gives back its directory, with what was safe in it", async () => {
    const dataDirectory = newDirectory();
    const broker = await opened({ dataDirectory });
    const own = broker.connect();
    expect(await ask(own, "put 0 0 60 1", "x")).toBe("INSERTED 1");
    ruin(broker);
    await expect(own.ask("put 0 0 60 1", BYTES.encode("y"))).rejects.toMatchObject({
      code: "HM_LOST",
    });
    await broker.close();
    const again = (await opened({ dataDirectory })).connect();
    expect(await ask(again, "reserve")).toBe("RESERVED 1 1");
  });

  test("is closed at once, though its journal's thread waits for a lock that nobody gives back", async () => {
    const broker = await opened({ dataDirectory: newDirectory() });
    const own = broker.connect();
    await ask(own, "put 0 0 60 1", "x");
    const { memories } = broker.content as ShardsPayload;
    const [memory] = memories.memories;
    const lock = new Int32Array(memory?.buffer ?? new ArrayBuffer(0), C.SHARD_BASE, 1);
    lock[0] = 1; // as one who trapped left it
    await until("the committer sleeps on it", () => Atomics.load(lock, 0) === 2);
    const trap = (): never => {
      throw new WebAssembly.RuntimeError("unreachable");
    };
    expect(() => broker.sessions?.look(trap)).toThrow(
      expect.objectContaining({ code: "HM_BROKEN" }),
    );
    const began = performance.now();
    await broker.close();
    expect(performance.now() - began).toBeLessThan(20_000); // the lock's own patience is 30 s
  });

  test("is the same when a sync fails: nobody is told that it is safe, and what was is there", async () => {
    const disk = new StuckDisk();
    onTestFinished(() => disk.remove());
    const told: unknown[] = [];
    const broker = await disk.open({ onBroken: (error) => void told.push(error) });
    const own = broker.connect();
    expect(await ask(own, "put 0 0 60 1", "x")).toBe("INSERTED 1");
    disk.fail();
    const cause = expect.objectContaining({
      code: "HM_BROKEN",
      message: expect.stringMatching(/^the journal's thread failed: StorageError: .*EIO/),
    });
    await expect(own.ask("put 0 0 60 1", BYTES.encode("y"))).rejects.toMatchObject({
      code: "HM_LOST",
      cause,
    });
    expect(told).toEqual([cause]);
    await broker.close();
    await using again = await openBroker({ dataDirectory: disk.dataDirectory });
    expect(await ask(again.connect(), "reserve")).toBe("RESERVED 1 1");
  });

  test("is the same when the journal's thread dies, in the middle of closing too", async () => {
    let supervisor: CommitterSupervisor | undefined;
    const runtime: typeof brokerRuntime = {
      ...brokerRuntime,
      startCommitter(seed, heard) {
        supervisor = heard;
        return brokerRuntime.startCommitter(seed, {
          ...heard,
          heard: (report) => {
            if ((report as CommitterReport).kind !== "stopped") heard.heard(report);
          },
        });
      },
    };
    for (const isClosing of [false, true]) {
      const told: unknown[] = [];
      const onBroken = (error: unknown): void => void told.push(error);
      const broker = await openOn({ dataDirectory: newDirectory(), onBroken }, runtime);
      const outcomes = Promise.allSettled([
        broker.connect().ask("reserve"),
        nextTurn().then(() => (isClosing ? broker.close() : undefined)),
      ]);
      await nextTurn();
      await nextTurn();
      supervisor?.died("it was struck by a test");
      const cause = expect.objectContaining({ code: "HM_BROKEN" });
      const lost = expect.objectContaining({ code: "HM_LOST" });
      const closed = isClosing ? { status: "rejected", reason: cause } : { status: "fulfilled" };
      expect(await outcomes).toMatchObject([{ status: "rejected", reason: lost }, closed]);
      await Promise.allSettled([broker.close()]);
      expect(told).toEqual([cause]);
    }
  });
});
