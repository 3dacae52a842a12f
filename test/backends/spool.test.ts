/*
 * Jobs that are enqueued while the back end is away: the spool has them, and delivers them once and
 * in their order when it is back.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { LostError, UnreachableError } from "../../src/client/errors.ts";
import { SYSTEM_CLOCK } from "../../src/client/system-clock.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type {
  JobQueue,
  PutOutcome,
  QueueBackend,
  QueueTarget,
  RawJob,
} from "../../src/entries/queue.ts";
import { openEmbedded } from "../../src/embedded/embedded-backend.ts";
import { UnsupportedError } from "../../src/worker/errors.ts";
import { SpoolBackend } from "../../src/worker/spool-backend.ts";
import { SPOOL_TUBE, asOf, decodeSpooled, encodeSpooled } from "../../src/worker/spooled-job.ts";
import { SmallDisk } from "../durability/small-disk.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { until } from "../support/until.ts";
import { around } from "../worker/around.ts";
import { jobOf } from "./beds.ts";
import { LastingServer } from "./lasting-server.ts";

const FILE = "test/backends/spool.test.ts";
const SEEDS = 5;
const note = defineJob("note", { payload: unchecked<number>(), result: unchecked<number>() });
const WAIT = "200ms" as const;
const MOUNTS = { tags: ["mounts" as const] };

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-spool-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
});

function spooling(target: QueueTarget): Promise<JobQueue> {
  return openQueue(target, { spool: { directory, wait: WAIT } });
}

/** What is there, in its order. */
async function payloads(queue: { readonly backend: QueueBackend }): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { body } of queue.backend.list({ tube: "note", state: "ready" })) {
    found.push(Number(JSON.parse(new TextDecoder().decode(body)).data));
  }
  return found;
}

/** Leaves half of one more write at the end of what was written last; returns how many files. */
function tear(part: string): number {
  const names = readdirSync(part).filter((name) => name.startsWith("journal."));
  const written = names.map((name) => join(part, name));
  for (const path of written) {
    const bytes = readFileSync(path);
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    if (end > 100) bytes.copy(bytes, end, end - 100, end - 50);
    writeFileSync(path, bytes);
  }
  return written.length;
}

/** A back end in memory that is away when the test says so. */
async function flaky(): Promise<{
  readonly backend: QueueBackend;
  readonly target: QueueBackend;
  how: "there" | "away" | "loses" | "hangs";
  readonly puts: RawJob[];
}> {
  const backend = await openEmbedded({ memory: true });
  onTestFinished(() => backend.close());
  const puts: RawJob[] = [];
  const about = { how: "there" as "there" | "away" | "loses" | "hangs", backend, puts };
  const put = async (jobs: readonly RawJob[]): Promise<readonly PutOutcome[]> => {
    if (about.how === "away") throw new UnreachableError("it is away");
    puts.push(...jobs);
    if (about.how === "hangs") return new Promise(() => undefined);
    const outcomes = await backend.put(jobs);
    if (about.how === "loses") return jobs.map(() => ({ error: new LostError("put", undefined) }));
    return outcomes;
  };
  const close = (): Promise<void> => Promise.resolve();
  return Object.assign(about, { target: around(backend, { put, close }) });
}

describe("on a server", () => {
  test("that dies and comes back they are there, in their order, and have results", async () => {
    const server = await LastingServer.start();
    await using queue = await spooling(server.url);
    const first = await queue.enqueue(note, 0);
    expect(first.state).toBe("new");
    server.kill();
    const jobs = [];
    for (let count = 1; count <= 20; count++) jobs.push(await queue.enqueue(note, count));
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(["spooled"]));
    const [job] = jobs;
    expect(await queue.status(job?.id ?? "")).toMatchObject({
      state: "scheduled",
      type: "note",
      tube: "note",
      payload: 1,
    });
    await server.again();
    const result = job?.result({ timeout: "60s" });
    await until("all are there", async () => (await queue.stats("note")).available === 21);
    expect(await payloads(queue)).toEqual(Array.from({ length: 21 }, (_, at) => at));
    const worker = createWorker(queue, { handlers: [note.handler((count) => count * 2)] });
    void worker.run();
    expect(await result).toBe(2);
    expect(await queue.result(note, jobs[19]?.id ?? "")).toBe(40);
    await worker.stop();
  });

  test("that is not there yet a queue is opened all the same, and workers wait for it", async () => {
    const server = await LastingServer.start();
    server.kill();
    await using queue = await spooling(server.url);
    await using worker = createWorker(queue, { handlers: [note.handler((count) => count + 1)] });
    void worker.run();
    const job = await queue.enqueue(note, 7);
    expect(job.state).toBe("spooled");
    await expect(queue.stats()).rejects.toMatchObject({ code: "HM_UNREACHABLE" });
    const result = job.result({ timeout: "60s" });
    await server.again();
    expect(await result).toBe(8);
  });
});

describe("are delivered", () => {
  test("by whoever opens the spool next, what processes left that are gone too", async () => {
    const away = await flaky();
    away.how = "away";
    const [one, other] = [await spooling(away.target), await spooling(away.target)];
    const jobs = [await one.enqueue(note, 1), await other.enqueue(note, 2)];
    expect(jobs.map(({ id }) => id)).toEqual(["spool-1-1", "spool-2-1"]);
    expect(await other.status("spool-1-1")).toBeUndefined();
    await one.close();
    await other.close();
    expect(await payloads(away)).toEqual([]);
    away.how = "there";
    await using _ = await spooling(away.target);
    await until("both are there", async () => (await away.backend.stats("note")).available === 2);
  });

  test("once, though the answer was lost, or came too late", async () => {
    const away = await flaky();
    await using queue = await spooling(away.target);
    away.how = "loses";
    const lost = await queue.enqueue(note, 1);
    await until("it is sent again", () => away.puts.length > 2);
    away.how = "hangs";
    const late = await queue.enqueue(note, 2);
    away.how = "there";
    await until("both are there", async () => (await payloads(away)).length >= 2);
    const last = await queue.enqueue(note, 3);
    expect([lost.state, late.state]).toEqual(["spooled", "spooled"]);
    await until("the third is there", async () => (await payloads(away)).length >= 3);
    expect(await payloads(away)).toEqual([1, 2, 3]);
    expect(await queue.cancel(lost.id)).toBe("cancelled");
    expect(await queue.move(late.id, "other")).toBe(true);
    expect(await queue.cancel(last.id)).toBe("cancelled");
    expect(await payloads(away)).toEqual([]);
  });

  test("but for those that are cancelled meanwhile", async () => {
    const away = await flaky();
    away.how = "away";
    await using queue = await spooling(away.target);
    const [first, second] = await queue.enqueueMany(note, [1, 2]);
    await until("it is held", async () => (await queue.status(second?.id ?? "")) !== undefined);
    const ended = queue.result(note, second?.id ?? "").catch((error: unknown) => error);
    expect(await queue.cancel(second?.id ?? "")).toMatch(/cancelled|signalled/);
    expect(await queue.move(first?.id ?? "", "other")).toBe(false);
    away.how = "there";
    await until("the first is there", async () => (await payloads(away)).length === 1);
    expect((await queue.enqueue(note, 3)).id).not.toBe("");
    await until("the third is there", async () => (await payloads(away)).length === 2);
    expect(await payloads(away)).toEqual([1, 3]);
    expect(await ended).toMatchObject({ code: "HM_CANCELLED" });
  });

  test("unless they are refused: those stay in the spool with the reason", async () => {
    const away = await flaky();
    const errors: unknown[] = [];
    const nothing = (): void => undefined;
    const error = (fields: object): void => {
      errors.push(fields);
      throw new Error("a logger that fails harms nothing");
    };
    const logger = { debug: nothing, info: nothing, warn: nothing, error };
    const target = around(away.target, {
      put: async (jobs, options) => {
        const outcomes = await away.target.put(jobs, options);
        const refusal = { error: new UnsupportedError("not that one") };
        return outcomes.map((outcome, at) => (jobs[at]?.priority === 7 ? refusal : outcome));
      },
    });
    await using queue = await openQueue(target, { logger, spool: { directory, wait: WAIT } });
    away.how = "away";
    const bad = await queue.enqueue(note, 1, { priority: 7 });
    await queue.enqueue(note, 2);
    away.how = "there";
    await until("the other is there", async () => (await payloads(away)).includes(2));
    await until("it is known", () => errors.length === 1);
    expect(errors).toEqual([{ err: expect.objectContaining({ code: "HM_NOT_SUPPORTED" }) }]);
    expect(await queue.status(bad.id)).toMatchObject({
      state: "discarded",
      failures: [{ error: { message: "not that one" } }],
    });
    await expect(bad.result()).rejects.toMatchObject({ code: "HM_JOB_FAILED" });
  });

  test("under the keys that they have, and else under one that is remembered for a while", async () => {
    const away = await flaky();
    await using queue = await spooling(away.target);
    await queue.enqueue(note, 1, { unique: "k" });
    await queue.enqueue(note, 2);
    expect(away.puts.map(({ unique }) => unique)).toEqual([
      { key: "note/k", cooldownMillis: 0 },
      { key: expect.stringMatching(/^spool\/[-0-9a-f]{36}\/1$/), cooldownMillis: 600_000 },
    ]);
  });

  test("with what is left of their times", () => {
    const job = jobOf("a", { tube: "t", delayMillis: 5000, expiresMillis: 8000, key: "k" });
    const spooled = decodeSpooled(encodeSpooled({ job, at: 1000, key: "x" }));
    expect(spooled).toEqual({ job, at: 1000, key: "x" });
    expect(asOf(spooled, 4000)).toMatchObject({ delayMillis: 2000, expiresMillis: 5000, key: "k" });
    expect(asOf(spooled, 7000)).toMatchObject({ delayMillis: 0, expiresMillis: 2000 });
    const over = asOf(spooled, 9000); // it is set aside, and not run before
    expect(over.delayMillis).toBeGreaterThan(over.expiresMillis ?? 0);
    expect(asOf(spooled, 0)).toMatchObject({ delayMillis: 5000 }); // the clock was set back
  });

  test("whatever the back end does, once and in their order", async () => {
    for (let count = 0; count < SEEDS; count++) {
      const seed = seedHere();
      await replayable(seed, FILE, async () => {
        const all = Array.from({ length: 30 }, (_, at) => at);
        expect(await round(new Random(seed))).toEqual(all);
      });
    }
  });

  /** Enqueues while the back end comes and goes, and the program ends now and then. */
  async function round(random: Random): Promise<readonly number[]> {
    const away = await flaky();
    const own = { directory: mkdtempSync(join(directory, "round-")), wait: 20 } as const;
    let queue = await openQueue(away.target, { spool: own });
    for (let count = 0; count < 30; count++) {
      if (random.oneIn(4)) away.how = random.pick(["there", "away", "loses", "hangs"]);
      if (random.oneIn(10)) {
        await queue.close();
        queue = await openQueue(away.target, { spool: own });
      }
      await queue.enqueue(note, count);
    }
    away.how = "there";
    await until("all are there", async () => (await payloads(away)).length >= 30);
    await queue.close();
    return payloads(away);
  }
});

describe("the spool", () => {
  test("says so when its disk is full, and what it has is delivered", MOUNTS, async () => {
    const disk = new SmallDisk(24 * 1_048_576);
    onTestFinished(() => disk.remove());
    const away = await flaky();
    away.how = "away";
    const spool = { directory: join(disk.directory, "spool"), wait: WAIT };
    const big = defineJob("note", { payload: unchecked<string>() });
    await using queue = await openQueue(away.target, { spool });
    let taken = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await queue.enqueue(big, "x".repeat(60_000));
        taken++;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: "HM_SPOOL", cause: expect.any(Error) });
    expect(taken).toBeGreaterThan(10);
    away.how = "there";
    await until("all are there", async () => {
      const { available } = await away.backend.stats("note");
      return available === taken;
    });
    expect((await queue.enqueue(big, "small")).state).toMatch(/new|spooled/);
  });

  test.each(["loses", "hangs"] as const)(
    "says that nobody knows of a job that has no room in it, where the back end %s the answer",
    async (how) => {
      const away = await flaky();
      const store = around(await openEmbedded({ memory: true }), {
        put: (jobs) => Promise.resolve(jobs.map(() => ({ error: new RangeError("it is full") }))),
      });
      await using backend = await SpoolBackend.open({
        store: { slot: "1", backend: store, async *abandoned() {} },
        target: away.target,
        now: Date.now,
        clock: SYSTEM_CLOCK,
        waitMillis: 100,
        cooldownMillis: 1000,
        refused: () => undefined,
        troubled: () => undefined,
      });
      const job = jobOf("a", { tube: "note" });
      away.how = how;
      const [unsure] = await backend.put([job]);
      const cause = expect.objectContaining({ code: "HM_SPOOL" });
      expect(unsure).toMatchObject({ error: { code: "HM_LOST", cause } });
      away.how = "away";
      const [refused] = await backend.put([job]);
      expect(refused).toMatchObject({ error: { code: "HM_SPOOL" } });
    },
  );

  test("bears a file whose end was torn off", async () => {
    const away = await flaky();
    away.how = "away";
    const queue = await spooling(away.target);
    for (let count = 0; count < 5; count++) await queue.enqueue(note, count);
    await queue.close();
    const torn = tear(join(directory, "1"));
    expect(torn).toBeGreaterThan(0);
    away.how = "there";
    await using _ = await spooling(away.target);
    await until("all are there", async () => (await payloads(away)).length === 5);
  });

  test("is refused where it makes no sense, or cannot be", async () => {
    const spool = { directory };
    for (const target of [{ memory: true }, { directory: join(directory, "q") }] as const) {
      await expect(openQueue(target, { spool })).rejects.toMatchObject({ code: "HM_OPTION" });
    }
    const url = "homemaker://" as const;
    await expect(openQueue(url, { spool })).rejects.toMatchObject({ code: "HM_OPTION" });
    const away = await flaky();
    await expect(openQueue(away.target, { spool: { directory: "" } })).rejects.toMatchObject({
      code: "HM_OPTION",
    });
    expect(SPOOL_TUBE).toBe("spool");
  });
});
