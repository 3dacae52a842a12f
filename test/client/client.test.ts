/* The client with real servers: Homemaker over sockets and in this process, and beanstalkd.
 *
 * @module-tag beanstalkd
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { connect as connectElsewhere } from "../../src/entries/client-elsewhere.ts";
import type { Client } from "../../src/client/client.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { pause, until } from "../support/until.ts";
import { inDirectory } from "./places.ts";
import { isPlain, TARGETS } from "./targets.ts";
import type { Running } from "./targets.ts";
import { outcome } from "./scripted-server.ts";

const BYTES = Uint8Array.from({ length: 60_000 }, (_, index) => index % 256);
const JOBS = 300;
/** A tube for each test, so that they may share a server. */
let tubes = 0;

test.each([
  [{ tokn: "x" }, "connect: tokn: no such option"],
  [{ tls: { authority: "x" } }, "connect: authority: no such option"],
])("an option that there is not is refused before anything is connected to: %j", (given, why) =>
  expect(connect("127.0.0.1:1", given as object)).rejects.toMatchObject({
    code: "HM_BAD_COMMAND",
    message: why,
  }),
);

describe.each(Object.keys(TARGETS))("%s", (name) => {
  let directory = "";
  let server: Running;
  let client: Client;
  let tube = "";

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "homemaker-client-"));
    server = await (TARGETS[name]?.(join(directory, "socket")) ?? Promise.reject(new Error(name)));
  });
  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    tube = `tube-${tubes++}`;
    client = await another();
  });
  afterEach(() => client.close());

  async function another(): Promise<Client> {
    const made = await connect(server.target);
    await Promise.all([made.use(tube), made.watch(tube), made.ignore("default")]);
    return made;
  }

  test("many go in, come out and are gone, in three calls", async () => {
    const bodies = Array.from({ length: JOBS }, (_, index) => BYTES.subarray(0, index));
    const inserted = await client.putMany([...bodies, BYTES, "text"]);
    const ids = inserted.map(({ id }) => id);
    expect(new Set(ids).size).toBe(JOBS + 2);
    expect(ids.toSorted((a, b) => a - b)).toEqual(ids);
    const jobs = await client.reserveMany(1000);
    expect(jobs.map(({ id }) => id)).toEqual(ids);
    expect(jobs.every(({ body }, at) => at >= JOBS || body.length === at)).toBe(true);
    expect(Buffer.compare(jobs[JOBS]?.body ?? BYTES.subarray(1), BYTES)).toBe(0);
    expect(jobs.at(-1)?.text).toBe("text");
    expect(await client.reserveMany(5)).toEqual([]);
    expect(await client.deleteMany([...ids, 999_999_999])).toEqual({
      deleted: JOBS + 2,
      notFound: 1,
    });
    expect(jobs.some(({ isHeld }) => isHeld)).toBe(false);
  });

  test("a job goes in and comes out as it was, whatever is in it", async () => {
    const { id, isNew } = await client.put(BYTES, { pri: 5, ttrSeconds: 9 });
    expect(isNew).toBe(true);
    expect((await client.peekReady())?.body).toEqual(BYTES);
    const job = await client.reserve();
    expect([job.id, job.isHeld]).toEqual([id, true]);
    expect(Buffer.compare(job.body, BYTES)).toBe(0);
    expect(await client.statsJob(id)).toMatchObject({
      id,
      tube,
      state: "reserved",
      pri: 5,
      ttr: 9,
    });
    await job.touch();
    await job.bury({ pri: 7 });
    expect(job.isHeld).toBe(false);
    expect(await client.kick(10)).toBe(1);
    const again = await client.reserveWithTimeout(0);
    expect(await again?.release({ delaySeconds: 60 })).toBe("queued");
    expect((await client.peekDelayed())?.id).toBe(id);
    await client.delete(id);
    expect(await outcome(client.delete(id))).toBe("HM_NOT_FOUND");
    expect(await client.reserveWithTimeout(0)).toBeUndefined();
    expect(await client.peek(id)).toBeUndefined();
    expect(await client.statsTube(tube)).toMatchObject({ "current-jobs-ready": 0 });
    expect(await client.listTubesWatched()).toEqual([tube]);
    expect(await client.listTubes()).toContain(tube);
  });

  test("jobs are gone through as they come, each once", async () => {
    const producer = await another();
    const seen: string[] = [];
    const put = Array.from({ length: JOBS }, (_, index) => producer.put(`job ${index}`));
    for await (const job of client.jobs({ window: 20 })) {
      seen.push(job.text);
      await job.delete();
      if (seen.length === JOBS) break;
    }
    await Promise.all(put);
    expect(new Set(seen).size).toBe(JOBS);
    await producer.put("left over");
    expect((await producer.reserveWithTimeout(5))?.text).toBe("left over");
    await producer.close();
  });

  test("jobs of a loop may be worked on side by side", async () => {
    const producer = await another();
    await Promise.all(Array.from({ length: 30 }, () => producer.put("x")));
    const worked: Promise<void>[] = [];
    for await (const job of client.jobs({ window: 10 })) {
      worked.push(pause(0).then(() => job.delete()));
      if (worked.length === 30) break;
    }
    await Promise.all(worked);
    expect(await producer.peekReady()).toBeUndefined();
    await producer.close();
  });

  test("an aborted reserve loses no job, and holds back nothing", async () => {
    const other = await another();
    for (let round = 0; round < 10; round++) {
      const aborting = new AbortController();
      const reserved = outcome(client.reserve({ signal: aborting.signal }));
      const put = other.put(`round ${round}`);
      if (round % 2 === 0) await put;
      aborting.abort();
      const [end, { id }] = await Promise.all([reserved, put]);
      const owner = end === "AbortError" ? other : client;
      if (owner === other) expect((await other.reserveWithTimeout(20))?.id).toBe(id);
      await owner.delete(id);
      expect(await client.peek(id)).toBeUndefined();
    }
    await other.close();
  });

  test("a job that comes for reserves nobody waits for is another's at once", async () => {
    const other = await another();
    const aborting = new AbortController();
    const reserved = [1, 2, 3].map(() => outcome(client.reserve({ signal: aborting.signal })));
    const isWaiting = async (): Promise<boolean> =>
      (await other.statsTube(tube))?.["current-waiting"] === 1;
    await until("the reserves wait at the server", isWaiting);
    aborting.abort();
    expect(await Promise.all(reserved)).toEqual(["AbortError", "AbortError", "AbortError"]);
    const { id } = await other.put("x");
    const job = await other.reserveWithTimeout(20);
    expect(job?.id).toBe(id);
    const { reserves } = (await other.statsJob(id)) ?? {};
    expect(reserves).toBe(isPlain(name) ? 2 : 1);
    await job?.delete();
    await other.close();
  });

  test("what is asked in one turn is answered in its order", async () => {
    const puts = Array.from({ length: 1000 }, (_, index) => client.put(`${index}`));
    const ids = (await Promise.all(puts)).map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    const seen = await Promise.all(ids.map((id) => client.peek(id)));
    const texts = seen.map((one) => Buffer.from(one?.body ?? []).toString());
    expect(texts).toEqual(ids.map((_, index) => String(index)));
    await Promise.all(ids.map((id) => client.delete(id)));
  });

  test("an addition is refused before anything is sent where the server is beanstalkd", async () => {
    const asked: readonly (() => Promise<unknown>)[] = [
      () => client.put("x", { tags: { idp: "k" } }),
      () => client.put("delete 1", { delaySeconds: 0.5 }),
      () => client.reserveBatch(5),
      () => client.batch((b) => [b.put("x"), b.use(tube)]),
      () => client.window(0),
      () => client.setTube(tube, { jobs: 1_000_000 }),
      () => client.watch(tube, { weight: 2 }),
      () => client.listJobs(tube, "ready"),
      () => client.session(),
      () => client.clientName("mailer"),
    ];
    const unsupported = asked.map(() => "HM_NOT_SUPPORTED");
    const ends = await Promise.all(asked.map((ask) => outcome(ask())));
    if (isPlain(name)) expect(ends).toEqual(unsupported);
    else expect(ends.filter((end) => typeof end === "string" && end.startsWith("HM_"))).toEqual([]);
    expect(client.can("batch")).toBe(!isPlain(name));
    expect(client.serverVersion === undefined).toBe(isPlain(name));
    const { id } = await client.put("still in step");
    expect((await client.peek(id))?.id).toBe(id);
  });

  if (isPlain(name)) return; // it has none of what follows

  test("the end of a job is told to who awaits it", async () => {
    const other = await another();
    const { id } = await client.put("6*7");
    const ends = Promise.all([client.await(id), other.await(id)]);
    const job = await client.reserve();
    await job.progress("half");
    expect(Buffer.from((await other.peekProgress(id))?.body ?? []).toString()).toBe("half");
    await job.finish("42");
    for (const { end, body } of await ends) {
      expect([end, Buffer.from(body).toString()]).toEqual(["finished", "42"]);
    }
    expect((await other.await(id)).end).toBe("finished");
    expect(await outcome(other.await(id + 1000))).toBe("HM_NOT_FOUND");
    await other.close();
  });

  test("a batch is done as a whole or not at all", async () => {
    const { id } = await client.put("first");
    const job = await client.reserve();
    const refused = client.batch((b) => [b.put("next"), b.delete(id), b.delete(id + 5000)]);
    await expect(refused).rejects.toMatchObject({ code: "HM_NOT_FOUND", index: 2 });
    expect(job.isHeld).toBe(true);
    const [next] = await client.batch((b) => [b.put("next"), b.finish(id, "done")]);
    expect(next.isNew).toBe(true);
    expect(job.isHeld).toBe(false);
    expect((await client.peekReady())?.id).toBe(next.id);
  });

  test("a job that is lost or cancelled says so", async () => {
    const other = await another();
    const { id } = await client.put("x", { ttrSeconds: 1 });
    const job = await client.reserve();
    const told: Error[] = [];
    job.onDoomed((reason) => told.push(reason));
    expect(await other.cancel(id)).toBe("cancelling");
    await until("the job is known to be doomed", () => job.signal.aborted);
    expect(job.signal.reason).toMatchObject({ code: "HM_CANCELLED" });
    job.onDoomed((reason) => told.push(reason));
    expect(told).toEqual([job.signal.reason, job.signal.reason]);
    await until("the job is lost", () => !job.isHeld);
    expect(told).toHaveLength(2);
    expect(await outcome(job.delete())).toBe("HM_NOT_HELD");
    await other.close();
  });
});

test("a server that comes back is found, and the client goes on as it was", async () => {
  const server = await LastingServer.start();
  const troubles: Error[] = [];
  const client = await connect(server.address, {
    backOffMaxMs: 200,
    timeoutMs: 30_000,
    onError: (error) => troubles.push(error),
  });
  await Promise.all([client.use("mails"), client.watch("mails"), client.ignore("default")]);
  const stream = client.jobs({ window: 4 });
  const first = stream.next();
  await client.put("one");
  const job = (await first).value;
  server.kill();
  await until("the job is lost", () => job?.isHeld === false);
  const next = stream.next();
  const put = client.put("two");
  await server.again();
  expect((await put).isNew).toBe(true);
  const again = (await next).value;
  expect(again).toMatchObject({ text: "one", tube: "mails" });
  await again?.delete();
  expect((await stream.next()).value).toMatchObject({ text: "two", tube: "mails" });
  expect(troubles.length).toBeGreaterThan(0);
  await client.close();
});

describe("an address", () => {
  test("that nobody listens at is unreachable, and the message says where and why", async () => {
    await inDirectory(async (directory) => {
      const path = `unix:${join(directory, "none")}`;
      await expect(connect([path, path], { connectTimeoutMs: 100 })).rejects.toMatchObject({
        code: "HM_UNREACHABLE",
        message: expect.stringContaining(`${path}: there is no such file or directory (ENOENT)`),
      });
    });
  });

  test("that is none is refused", async () => {
    expect(await outcome(connect("http://example.org/"))).toBe("HM_BAD_COMMAND");
    expect(await outcome(connect([]))).toBe("HM_BAD_COMMAND");
    for (const url of ["ws://", "wss://:1", "ws://127.0.0.1:70000", "ws://127.0.0.1/#queue"]) {
      expect([url, await outcome(connect(url))]).toEqual([url, "HM_BAD_COMMAND"]);
    }
  });

  test("is not supported elsewhere than on Node, Deno and Bun", async () => {
    expect(await outcome(connectElsewhere("127.0.0.1:11300"))).toBe("HM_NOT_SUPPORTED");
  });
});
