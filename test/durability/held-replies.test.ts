/*
 * Held replies: what becomes of what a slow disk holds back when the server is told to stop, and
 * when clients ask without a pause.
 *
 * @module-tag strace
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { Conversation } from "../support/conversation.ts";
import { bodyOf, Ledger, putLine } from "./ledger.ts";
import { isStuck, ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";
import { isWritten, SlowDisk } from "./slow-disk.ts";

const TIMEOUT_MS = 120_000;
/**
 * Syncs that are over before the server has waited for as long as it waits for replies at its end.
 */
const SLOW_MILLIS = 700;
/** Longer than any of these tests. */
const STUCK_MILLIS = 600_000;
const JOBS = 100;
/** A file's length, and how many of them are kept ready where the rings hold less. */
const SEGMENT_BYTES = 4 * 1_048_576;
const SPARES = 2;
const PUT = { tube: "default", priority: 0, delaySeconds: 0, ttrSeconds: 60 };

let directory: string;
const servers: ServerWithData[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-held-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  rmSync(directory, { recursive: true });
});

/**
 * A server that syncs nothing but what it is asked for: its spares are there, and it writes no
 * hints.
 */
async function serving(flags: readonly string[] = []): Promise<ServerWithData> {
  const shape = { directory, level: "sync", threads: 1, shards: 1, segmentSize: "4MiB" } as const;
  const server = new ServerWithData({ ...shape, flags: ["--hint-interval", "never", ...flags] });
  servers.push(server);
  await server.serves();
  await until("the spares are made", () => countSpares() === SPARES);
  return server;
}

function countSpares(): number {
  const names = readdirSync(directory).filter((name) => name.startsWith("spare."));
  return names.filter((name) => isWhole(name)).length;
}

/** Of a spare, which may be taken just now. */
function isWhole(name: string): boolean {
  const found = statSync(join(directory, name), { throwIfNoEntry: false });
  return found?.size === SEGMENT_BYTES;
}

/** Puts that are on their way to a server. */
interface Puts {
  readonly client: Conversation;
  /** Resolves with the lines of the answers, "" for one that did not come. */
  readonly answers: Promise<readonly string[]>;
}

/** Puts jobs until the operating system has them all and at least one answer waits for the disk. */
async function putAndHold(server: ServerWithData, ledger: Ledger): Promise<Puts> {
  const client = new Conversation(await server.connect());
  const random = new Random(5);
  const lines: Promise<string>[] = [];
  while (client.unanswered === 0) {
    const jobs = Array.from({ length: JOBS }, () => {
      return ledger.begin({ ...PUT, bodyBytes: random.between(20, 300) });
    });
    const answers = Promise.all(
      jobs.map(async (job) => {
        const line = (await client.ask(putLine(job), bodyOf(job)))?.line;
        ledger.putAnswered(job, line);
        return line ?? "";
      }),
    );
    for (const at of jobs.keys()) lines.push(answers.then((all) => all[at] ?? ""));
    const last = jobs.at(-1);
    if (last === undefined) continue;
    await until("the puts are written", () => isWritten(directory, bodyOf(last)));
  }
  return { client, answers: Promise.all(lines) };
}

async function expectKept(ledger: Ledger): Promise<void> {
  const next = await serving();
  await ledger.inspect(new Conversation(await next.connect()), true);
  expect(ledger.problems).toEqual([]);
  expect(next.errors).not.toContain("is damaged");
  expect(await next.stop()).toBe(0);
}

test(
  "told to stop while replies wait for the disk, it sends them, and each of them holds",
  { timeout: TIMEOUT_MS },
  async () => {
    const ledger = new Ledger();
    const server = await serving();
    const disk = await SlowDisk.under(server, SLOW_MILLIS);
    const { answers } = await putAndHold(server, ledger);
    const ending = server.stop();
    for (const line of await answers) expect(line).toMatch(/^INSERTED /);
    expect(await ending).toBe(0);
    await disk.recover();
    await expectKept(ledger);
  },
);

test(
  "told to stop while the disk is stuck, it ends without a reply that might not hold",
  { timeout: TIMEOUT_MS },
  async () => {
    const ledger = new Ledger();
    const server = await serving();
    const first = new Conversation(await server.connect());
    const job = ledger.begin({ ...PUT, bodyBytes: 50 });
    ledger.putAnswered(job, await first.line(putLine(job), bodyOf(job)));
    const disk = await SlowDisk.under(server, STUCK_MILLIS);
    const { answers } = await putAndHold(server, ledger);
    const ending = server.stop();
    // Its end is not seen before the call that is stuck is over.
    await until("it is dead", () => isDead(server));
    await disk.recover();
    expect(await ending).not.toBe(0);
    expect(new Set(await answers)).toEqual(new Set([""]));
    expect(server.complaints).toEqual([expect.stringMatching(/did not stop in time/)]);
    expect(ledger.promises).toBe(1);
    await expectKept(ledger);
  },
);

function isDead({ pid, ending }: ServerWithData): boolean {
  return ending !== undefined || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Bytes of memory that a process has. */
function residentBytes({ pid }: ServerWithData): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

const MANY = 16_000;
const BODY = Buffer.alloc(2000, "a job ");
/**
 * What may lie between client and server, in the buffers of the sockets, in the ring, and in what
 * one turn of a connection reads.
 */
const BETWEEN_BYTES = 16 * 1_048_576;

test(
  "puts without a pause wait at the client while the disk is stuck, and all are kept",
  { timeout: TIMEOUT_MS },
  async () => {
    const server = await serving();
    const socket = await server.connect();
    const client = new Conversation(socket);
    await client.line(`put 0 0 60 ${BODY.length}`, BODY);
    const disk = await SlowDisk.under(server, STUCK_MILLIS);
    const before = residentBytes(server);
    const jobs = Array.from({ length: MANY }, (_, at) => at);
    const answers = Promise.all(jobs.map(() => client.ask(`put 0 0 60 ${BODY.length}`, BODY)));
    await isStuck(socket);
    expect(socket.writableLength).toBeGreaterThan(MANY * BODY.length - BETWEEN_BYTES);
    expect(residentBytes(server) - before).toBeLessThan(BETWEEN_BYTES);
    expect(client.unanswered).toBe(MANY);
    await disk.recover();
    for (const [at, answer] of (await answers).entries())
      expect(answer?.line).toBe(`INSERTED ${at + 2}`);
    await server.kill();
    const next = await serving();
    const stats = await new Conversation(await next.connect()).ask("stats");
    expect(stats?.body?.toString()).toContain(`\ncurrent-jobs-ready: ${MANY + 1}\n`);
  },
);

const LARGE = Buffer.alloc(60_000, "a large job ");
const PEEKS = 5000;
const MOST_OUTPUT_BYTES = 4 * 1_048_576;
/** Beside the replies: what a thread's buffers grow by, and what the heap collects in between. */
const LEEWAY_BYTES = 64 * 1_048_576;

test(
  "replies that wait for a stuck disk take no more memory than --max-output, and all of them come",
  { timeout: TIMEOUT_MS },
  async () => {
    const flags = ["--max-output", String(MOST_OUTPUT_BYTES)];
    const server = await serving(flags);
    const socket = await server.connect();
    const client = new Conversation(socket);
    await client.line(`put 0 0 60 ${LARGE.length}`, LARGE);
    const disk = await SlowDisk.under(server, STUCK_MILLIS);
    const before = residentBytes(server);
    const put = client.ask("put 0 0 60 4", Buffer.from("last"));
    const peeks = Array.from({ length: PEEKS }, () => client.ask("peek 1"));
    await until("the put is written", () => isWritten(directory, Buffer.from("last")));
    const other = new Conversation(await server.connect());
    // It comes after what that thread holds back, and not before.
    const listed = other.ask("list-tubes");
    await isStuck(socket);
    expect(residentBytes(server) - before).toBeLessThan(MOST_OUTPUT_BYTES + LEEWAY_BYTES);
    expect(client.unanswered).toBe(1 + PEEKS);
    await disk.recover();
    expect((await put)?.line).toBe("INSERTED 2");
    for (const peek of peeks) expect((await peek)?.body?.equals(LARGE)).toBe(true);
    expect((await listed)?.line).toMatch(/^OK /);
  },
);

/** A server that cannot sync, and a client that holds job 1 there. */
async function holding(
  flags: readonly string[],
): Promise<{ client: Conversation; disk: SlowDisk }> {
  const server = await serving(flags);
  const client = new Conversation(await server.connect());
  expect(await client.line("put 5 0 600 1", Buffer.from("x"))).toBe("INSERTED 1");
  expect(await client.line("reserve")).toBe("RESERVED 1 1");
  return { client, disk: await SlowDisk.under(server, STUCK_MILLIS) };
}

test("RELEASED waits for the disk as INSERTED does", { timeout: TIMEOUT_MS }, async () => {
  const { client, disk } = await holding([]);
  const written = (): readonly Buffer[] =>
    readdirSync(directory)
      .filter((name) => name.startsWith("journal."))
      .map((name) => readFileSync(join(directory, name)));
  const before = written();
  const answer = client.line("release 1 77 500");
  await until("it is written", () => written().some((file, at) => !before[at]?.equals(file)));
  expect(client.unanswered).toBe(1);
  await disk.recover();
  expect(await answer).toBe("RELEASED");
});

test("RELEASED waits for nothing with --releases hints", { timeout: TIMEOUT_MS }, async () => {
  const { client, disk } = await holding(["--releases", "hints"]);
  expect(await client.line("release 1 77 500")).toBe("RELEASED");
  await disk.recover();
});

test("a job is not told over HTTP before it is safe, either", { timeout: TIMEOUT_MS }, async () => {
  const server = await serving(["--http-port", "0"]);
  const origin = /dashboard on (http:\S+)/.exec(server.output)?.[1] ?? "";
  const client = new Conversation(await server.connect());
  const disk = await SlowDisk.under(server, STUCK_MILLIS);
  const body = Buffer.from("not told before it is safe");
  const inserted = client.line(`put 0 0 60 ${body.length}`, body);
  await until("the put is written", () => isWritten(directory, body));
  let told = 0;
  const paths = ["/api/v1/jobs/1", "/api/v1/jobs/1/body", "/api/v1/tubes/default/jobs"];
  const answers = paths.map(async (path) => {
    const { status } = await fetch(`${origin}${path}`);
    told++;
    return status;
  });
  for (let asked = 0; asked < 20; asked++) await (await fetch(`${origin}/healthz`)).text();
  expect([told, client.unanswered]).toEqual([0, 1]);
  await disk.recover();
  expect([await inserted, await Promise.all(answers)]).toEqual(["INSERTED 1", [200, 200, 200]]);
});
