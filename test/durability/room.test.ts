/*
 * Room in the journal's rings, with a real disk: whoever waits for it hears of it, and while there
 * is none everything that writes nothing goes on.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askAt } from "../http/http-port.ts";
import { Conversation } from "../support/conversation.ts";
import { isStuck, ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";
import type { Launch } from "./server-with-data.ts";
import { isWritten, SlowDisk } from "./slow-disk.ts";

const TIMEOUT_MS = 120_000;
/** Longer than any of these tests. */
const STUCK_MILLIS = 600_000;

let directory: string;
const servers: ServerWithData[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-room-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  rmSync(directory, { recursive: true });
});

async function serving(launch: Partial<Launch>): Promise<ServerWithData> {
  const server = new ServerWithData({ directory, segmentSize: "4MiB", ...launch });
  servers.push(server);
  await server.serves();
  return server;
}

async function talkTo(server: ServerWithData): Promise<Conversation> {
  return new Conversation(await server.connect());
}

const JOBS = 30_000;
const BODY = Buffer.alloc(100, "a job ");

test.each([
  { level: "sync", threads: 2 },
  { level: "os", threads: 1 },
] as const)(
  "a flush of a full tube is answered although nobody else says a word, at level $level",
  { timeout: TIMEOUT_MS },
  async ({ level, threads }) => {
    const server = await serving({ level, threads });
    const client = await talkTo(server);
    await client.line("use a");
    const puts = Array.from({ length: JOBS }, (_, at) => at);
    await Promise.all(puts.map(() => client.ask(`put 0 0 60 ${BODY.length}`, BODY)));
    const flushed = client.line("flush-tube a");
    await until("the flush is answered", () => client.unanswered === 0);
    expect(await flushed).toBe(`FLUSHED ${JOBS}`);
    expect(await server.stop()).toBe(0);
  },
);

/** More than the ring and the sockets' buffers take. */
const FLOOD = 20_000;
const LARGE = Buffer.alloc(1000, "a job of a flood ");
const LONG = Buffer.alloc(3_000_000, "a long body ");
const FIRST = Buffer.from("the first job");
/** So many connections are hardly ever all of one thread. */
const CROWD = 24;

test(
  "on a stuck disk with full rings all that writes nothing goes on, and what waits is done later",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async () => {
    const flags = ["--http-port", "0", "--hint-interval", "never", "--max-job-size", "4000000"];
    const server = await serving({ level: "sync", threads: 2, shards: 1, flags });
    const http = Number(/dashboard on http:\/\/\S+:(\d+)/.exec(server.output)?.[1]);
    const socket = await server.connect();
    const flooding = new Conversation(socket);
    expect(await flooding.line(`put 0 0 60 ${FIRST.length}`, FIRST)).toBe("INSERTED 1");
    const crowd = await Promise.all(Array.from({ length: CROWD }, () => talkTo(server)));
    const disk = await SlowDisk.under(server, STUCK_MILLIS);
    const all = Array.from({ length: FLOOD }, (_, at) => at);
    const puts = Promise.all(all.map(() => flooding.line(`put 0 0 60 ${LARGE.length}`, LARGE)));
    await isStuck(socket);

    const asked = crowd.map((client) => [client.line("stats"), client.line("peek 1")] as const);
    await until("those of the other thread are answered", () => {
      return crowd.some(({ unanswered }) => unanswered === 0);
    });
    const other = crowd.findIndex(({ unanswered }) => unanswered === 0);
    expect(await asked[other]?.[0]).toMatch(/^OK /);
    expect(await asked[other]?.[1]).toBe(`FOUND 1 ${FIRST.length}`);

    const headers = {
      host: `127.0.0.1:${http}`,
      origin: `http://127.0.0.1:${http}`,
      "content-type": "application/json",
      "x-homemaker": "1",
    };
    const body = JSON.stringify({ count: 1 });
    for (const path of ["/healthz", "/metrics", "/api/v1/overview", "/api/v1/jobs/1"]) {
      expect([path, (await askAt(http, path)).status]).toEqual([path, 200]);
    }
    const kick = askAt(http, "/api/v1/tubes/default/kick", { method: "POST", headers, body });
    // Where the ring had room for the kick its reply is held, and reads of the same seat behind it.
    for (const path of ["/healthz", "/metrics"]) {
      expect([path, (await askAt(http, path)).status]).toEqual([path, 200]);
    }

    const leaving = await server.connect();
    leaving.write(`put 0 0 60 ${LONG.length}\r\n`);
    leaving.write(LONG.subarray(1));
    const staying = new Conversation(await server.connect());
    const long = staying.line(`put 0 0 60 ${LONG.length}`, LONG);
    leaving.destroy();

    await disk.recover();
    const answers = await puts;
    expect(answers[0]).toBe("INSERTED 2");
    expect(answers.filter((line) => line.startsWith("INSERTED "))).toHaveLength(FLOOD);
    expect(await long).toMatch(/^INSERTED /);
    expect((await kick).status).toBe(200);
    expect(await staying.line("stats-tube default")).toMatch(/^OK /);
    const stats = (await crowd[0]?.ask("stats-tube default"))?.body?.toString();
    expect(stats).toContain(`\ncurrent-jobs-ready: ${FLOOD + 2}\n`);
    expect(await server.stop()).toBe(0);
    const next = await serving({ level: "sync", threads: 1, shards: 1 });
    const kept = (await (await talkTo(next)).ask("stats"))?.body?.toString();
    expect(kept).toContain(`\ncurrent-jobs-ready: ${FLOOD + 2}\n`);
  },
);

/** More than it takes for threads to lead, unless syncs are long. */
const WARM_UP = 30;

test(
  "a sync that hangs costs the connections of one thread and nobody else's, and the server ends",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async () => {
    const flags = ["--http-port", "0", "--hint-interval", "never"];
    const server = await serving({ level: "sync", threads: 2, shards: 1, flags });
    const http = Number(/dashboard on http:\/\/\S+:(\d+)/.exec(server.output)?.[1]);
    const first = await talkTo(server);
    for (let at = 1; at <= WARM_UP; at++) {
      expect(await first.line(`put 0 0 60 ${BODY.length}`, BODY)).toBe(`INSERTED ${at}`);
    }
    const crowd = await Promise.all(Array.from({ length: CROWD }, () => talkTo(server)));
    const disk = await SlowDisk.under(server, STUCK_MILLIS);
    const put = first.line(`put 0 0 60 ${FIRST.length}`, FIRST);
    await until("the put is written", () => isWritten(directory, FIRST));

    const asked = crowd.map((client) => [client.line("stats"), client.line("peek 1")] as const);
    await until("those of the other thread are answered", () => {
      return crowd.some(({ unanswered }) => unanswered === 0);
    });
    const other = crowd.findIndex(({ unanswered }) => unanswered === 0);
    expect(await asked[other]?.[0]).toMatch(/^OK /);
    expect(await asked[other]?.[1]).toBe(`FOUND 1 ${BODY.length}`);
    for (const path of ["/healthz", "/metrics", "/api/v1/overview"]) {
      expect([path, (await askAt(http, path)).status]).toEqual([path, 200]);
    }
    expect(first.unanswered).toBe(1);

    const ending = server.stop();
    await until("it gives up", () => server.complaints.length > 0);
    await disk.recover();
    expect(await ending).not.toBe(0);
    expect(server.complaints).toEqual([expect.stringMatching(/did not stop in time/)]);
    expect(await put).toBe("");
  },
);

test(
  "told to stop on a stuck disk with full rings, it ends",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async () => {
    const server = await serving({ level: "sync", threads: 2, shards: 1 });
    const socket = await server.connect();
    const flooding = new Conversation(socket);
    const disk = await SlowDisk.under(server, STUCK_MILLIS);
    for (let at = 0; at < FLOOD; at++) void flooding.ask(`put 0 0 60 ${LARGE.length}`, LARGE);
    await isStuck(socket);
    const ending = server.stop();
    await until("it gives up", () => server.complaints.length > 0);
    await disk.recover();
    expect(await ending).not.toBe(0);
    expect(server.complaints).toEqual([expect.stringMatching(/did not stop in time/)]);
  },
);
