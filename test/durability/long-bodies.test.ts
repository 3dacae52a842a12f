/*
 * Long bodies with data: longer than a ring and a segment, on real files, through restarts, kills
 * and connections that end.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Conversation } from "../support/conversation.ts";
import { ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";
import type { Launch } from "./server-with-data.ts";

const TIMEOUT_MS = 120_000;
const MIB = 1_048_576;
/** More than a ring (2 MiB) and a segment (1 MiB) have. */
const LONG = 5 * MIB + 12_345;

let directory: string;
const servers: ServerWithData[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-long-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  rmSync(directory, { recursive: true });
});

async function serving(launch: Partial<Launch> = {}): Promise<ServerWithData> {
  const flags = ["--max-job-size", "64MiB"];
  const server = new ServerWithData({ directory, threads: 1, shards: 1, flags, ...launch });
  servers.push(server);
  await server.serves();
  return server;
}

async function talkTo(server: ServerWithData): Promise<Conversation> {
  return new Conversation(await server.connect());
}

/** A body of which no two places look alike. */
function bodyOf(seed: number, bytes = LONG): Buffer {
  const body = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) {
    body.writeUInt32LE(Math.imul(at + seed, 0x9e3779b1) >>> 0, at);
  }
  return body;
}

async function put(client: Conversation, body: Buffer): Promise<string> {
  return client.line(`put 0 0 60 ${body.length}`, body);
}

async function expectJob(client: Conversation, id: number, body: Buffer): Promise<void> {
  const found = await client.ask(`peek ${id}`);
  expect(found?.line).toBe(`FOUND ${id} ${body.length}`);
  expect(found?.body?.equals(body)).toBe(true);
}

/** Of a server that may be removing segments just now. */
function journalBytes(): number {
  return readdirSync(directory)
    .filter((name) => name.startsWith("journal."))
    .map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

test.for(["sync", "interval", "os"] as const)(
  "a body longer than a ring and a segment survives a kill at level %s",
  { timeout: TIMEOUT_MS },
  async (level) => {
    const first = await serving({ level });
    expect(await put(await talkTo(first), bodyOf(1))).toBe("INSERTED 1");
    await first.kill();
    const second = await serving({ level });
    await expectJob(await talkTo(second), 1, bodyOf(1));
    expect(await second.stop()).toBe(0);
    const third = await serving({ level, threads: 2, shards: 4 });
    const client = await talkTo(third);
    await expectJob(client, 1, bodyOf(1));
    expect(await client.line("delete 1")).toBe("DELETED");
    await third.kill();
    const fourth = await serving({ level });
    expect(await (await talkTo(fourth)).line("peek 1")).toBe("NOT_FOUND");
  },
);

test(
  "while a long body comes others are served, and several come at a time",
  async () => {
    const server = await serving({ threads: 2, shards: 2 });
    const clients = await Promise.all([1, 2, 3].map(() => talkTo(server)));
    const other = await talkTo(server);
    const puts = clients.map((client, at) => put(client, bodyOf(at + 1)));
    expect(await other.line("put 0 0 60 5", Buffer.from("short"))).toMatch(/^INSERTED/);
    const ids = (await Promise.all(puts)).map((line) => Number(line.split(" ")[1]));
    await server.kill();
    const client = await talkTo(await serving({ threads: 2, shards: 2 }));
    for (const [at, id] of ids.entries()) await expectJob(client, id, bodyOf(at + 1));
  },
  TIMEOUT_MS,
);

test(
  "every reply comes while segments are reclaimed",
  async () => {
    const client = await talkTo(await serving());
    for (let id = 1; id <= 40; id++) {
      expect(await put(client, bodyOf(id, MIB / 2))).toBe(`INSERTED ${id}`);
      expect(await client.line(`delete ${id}`)).toBe("DELETED");
    }
  },
  TIMEOUT_MS,
);

test(
  "what came of a body whose connection ended is not kept",
  async () => {
    const server = await serving();
    const half = await talkTo(server);
    // And a CRLF, which belongs to the body.
    void half.ask(`put 0 0 60 ${LONG}`, bodyOf(1).subarray(0, LONG / 2));
    await until("much of it is in the journal", () => journalBytes() >= 2 * MIB);
    half.hangUp();
    await until("its segments are gone", () => journalBytes() <= MIB);
    await server.kill();
    const client = await talkTo(await serving());
    expect(await client.line("peek 1")).toBe("NOT_FOUND");
    expect(await put(client, bodyOf(2))).toMatch(/^INSERTED/);
  },
  TIMEOUT_MS,
);

test(
  "a long body that does not end as it should is refused, and one that is too long too",
  async () => {
    const server = await serving({ flags: ["--max-job-size", "1MiB"] });
    const client = await talkTo(server);
    const wrong = client.line(`put 0 0 60 ${MIB - 2}`, bodyOf(1, MIB));
    expect(await wrong).toBe("EXPECTED_CRLF");
    const next = await talkTo(server);
    expect(await put(next, bodyOf(1, MIB + 1))).toBe("JOB_TOO_BIG");
    expect(await put(next, bodyOf(1, MIB))).toMatch(/^INSERTED/);
  },
  TIMEOUT_MS,
);
