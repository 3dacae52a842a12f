/*
 * The outbox in a real PostgreSQL: what is taken, what is set aside, what others see meanwhile, and
 * a server that is killed again and again while an application inserts.
 *
 * @module-tag pg_ctlcluster
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { problemOf } from "../../src/server/outbox-row.ts";
import { PostgresOutbox } from "../../src/storage/postgres-outbox.ts";
import { ServerWithData } from "../durability/server-with-data.ts";
import { codeBlocks, readPage } from "../docs/page.ts";
import { printed } from "../docs/programs.ts";
import { amount } from "../support/amount.ts";
import { Conversation } from "../support/conversation.ts";
import { PostgresPair } from "../support/postgres.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { pause, until } from "../support/until.ts";
import { randomFrom } from "../engine/shuffle.ts";

const directory = mkdtempSync(join(tmpdir(), "homemaker-outbox-"));
/** Leaders that are killed. */
const KILLS = amount({ usual: 4, thorough: 30 });
/** Longer than anything takes on a busy machine. */
const PATIENT = 30_000;
const ALL = { rowsMax: 100, bodyBytesMax: 1000, allBytesMax: 10_000, tubesAside: [] };
let pair: PostgresPair;
let app: Client;
let queues = 0;
const open: PostgresOutbox[] = [];
const servers: ServerWithData[] = [];

beforeAll(async () => {
  pair = await PostgresPair.start();
  app = new Client({ connectionString: application() });
  await app.connect();
  await connect("none"); // makes the tables
});
afterAll(async () => {
  await Promise.all(open.map((table) => table.close()));
  await Promise.all(servers.map((server) => server.kill()));
  await app.end();
  await pair.end();
  rmSync(directory, { recursive: true });
});

/** Where an application connects. */
function application(): string {
  return pair
    .url("x")
    .replace(/,[^/]*/, "")
    .replace(/\?.*/, "");
}

function newQueue(): string {
  return `q${++queues}`;
}

async function connect(queue: string): Promise<PostgresOutbox> {
  const table = new PostgresOutbox(pair.url(queue), "required", PATIENT);
  open.push(table);
  await table.reconnect();
  return table;
}

/** Inserts a row; resolves with its id. */
async function insert(
  queue: string,
  body: string,
  more: Readonly<Record<string, string | number>> = {},
  client = app,
): Promise<string> {
  const row = { queue, tube: "mail", body: Buffer.from(body), ...more };
  const names = Object.keys(row);
  const text = `insert into homemaker.outbox (${names.join(", ")})
    values (${names.map((_, at) => `$${at + 1}`).join(", ")}) returning id`;
  const { rows } = await client.query<{ id: string }>(text, Object.values(row));
  return rows[0]?.id ?? "";
}

async function count(queue: string): Promise<number> {
  const text = "select count(*)::int as count from homemaker.outbox where queue = $1";
  return (await app.query<{ count: number }>(text, [queue])).rows[0]?.count ?? -1;
}

test("rows are taken with all that they say, removed, set aside with a reason, or left", async () => {
  const queue = newQueue();
  const table = await connect(queue);
  expect(await table.oldest()).toBeUndefined();
  const first = await insert(queue, "one", { priority: 7, ttr_seconds: 9, tags: "max:3" });
  const second = await insert(queue, "two", { delay_millis: 60_000 });
  const third = await insert(queue, "x".repeat(1001));
  const fourth = await insert(queue, "four");
  expect(await table.oldest()).toBeGreaterThanOrEqual(0);
  const rows = await table.take(ALL);
  expect(rows.map(({ id, bodyBytes }) => [id, bodyBytes])).toEqual([
    [first, 3],
    [second, 3],
    [third, 1001],
    [fourth, 4],
  ]);
  expect(rows[0]).toMatchObject({ tube: "mail", priority: 7, ttrSeconds: 9, tags: "max:3" });
  expect(Buffer.from(rows[0]?.body ?? []).toString()).toBe("one");
  expect(rows[2]?.body).toBeUndefined();
  expect(rows[0]?.delayMillis).toBe(0);
  expect(rows[1]?.delayMillis).toBeGreaterThan(10_000);
  expect(rows[1]?.delayMillis).toBeLessThanOrEqual(60_000);
  await table.end([first, second], [{ id: third, why: "it is long" }]);
  expect((await table.take(ALL)).map(({ id }) => id)).toEqual([fourth]);
  await table.end([], []);
  const aside = await app.query(
    "select id, reason from homemaker.outbox_refused where queue = $1",
    [queue],
  );
  expect(aside.rows).toEqual([{ id: third, reason: "it is long" }]);
});

test("a row that was given the id of another is not removed in its place", async () => {
  const queue = newQueue();
  const table = await connect(queue);
  const id = await insert(queue, "one");
  const [old] = await table.take(ALL);
  await table.end([], []);
  await app.query(
    "update homemaker.outbox set created_at = created_at + interval '1 microsecond' where queue = $1",
    [queue],
  );
  await table.remove([old?.name ?? ""]);
  const [now] = await table.take(ALL);
  await table.end([], []);
  expect(now?.id).toBe(id);
  await table.remove([now?.name ?? "", `${id}@1`]);
  expect(await count(queue)).toBe(0);
});

test.each(["infinity", "-infinity"])("a row made at %s is seen for what it is", async (moment) => {
  const queue = newQueue();
  const table = await connect(queue);
  const id = await insert(queue, "never", { created_at: moment });
  await insert(queue, "late", { created_at: "294276-12-31" });
  await insert(queue, "one");
  expect(await table.oldest()).toBe(0);
  const rows = await table.take(ALL);
  expect(rows.map((row) => problemOf(row, 1000)?.split(":")[0])).toEqual([
    "created_at",
    "delay_millis",
    undefined,
  ]);
  await table.end([], [{ id, why: "created_at" }]);
  await table.remove(rows.map(({ name }) => name));
  expect(await count(queue)).toBe(0);
});

test("a row with a smaller id whose transaction commits later is not passed over", async () => {
  const queue = newQueue();
  const table = await connect(queue);
  const slow = new Client({ connectionString: application() });
  await slow.connect();
  await slow.query("begin");
  const early = await insert(queue, "early", {}, slow);
  const late = await insert(queue, "late");
  expect((await table.take(ALL)).map(({ id }) => id)).toEqual([late]);
  await table.end([late], []);
  await slow.query("commit");
  await slow.end();
  expect(Number(early)).toBeLessThan(Number(late));
  expect((await table.take(ALL)).map(({ id }) => id)).toEqual([early]);
  await table.end([], []);
});

test("two readers of a table never have the same row, and one that is gone lets go of its own", async () => {
  const queue = newQueue();
  const [ann, bob] = [await connect(queue), await connect(queue)];
  const first = await insert(queue, "one");
  expect(await ann.take(ALL)).toHaveLength(1);
  const second = await insert(queue, "two");
  expect((await bob.take(ALL)).map(({ id }) => id)).toEqual([second]);
  await ann.close();
  await bob.end([second], []);
  await until("the row of the one that is gone can be had", async () => {
    const rows = await bob.take(ALL);
    await bob.end([], []);
    return rows.some(({ id }) => id === first);
  });
});

test("who reads is told of an insert when its transaction commits", async () => {
  const queue = newQueue();
  const table = await connect(queue);
  let heard = 0;
  table.listen(() => heard++);
  await app.query("begin");
  await insert(queue, "one");
  await table.oldest();
  expect(heard).toBe(0);
  await app.query("commit");
  await until("it is told", () => heard > 0);
});

test("bodies come up to the bytes that were asked for, the first ones first", async () => {
  const queue = newQueue();
  const table = await connect(queue);
  for (let row = 0; row < 5; row++) await insert(queue, "x".repeat(900));
  const rows = await table.take({ ...ALL, allBytesMax: 2000 });
  expect(rows.map(({ body }) => body?.length)).toEqual([900, 900, undefined, undefined, undefined]);
  await table.end([], []);
  expect(await table.take({ ...ALL, tubesAside: ["mail"] })).toEqual([]);
  await table.end([], []);
});

function start(queue: string, machine: string, flags: readonly string[] = []): ServerWithData {
  const server = new ServerWithData({
    directory: join(directory, `${queue}-${machine}`),
    threads: 1,
    flags: ["--journal", pair.url(queue), "--outbox", "journal", "--journal-lease", "2s", ...flags],
  });
  servers.push(server);
  return server;
}

/** The bodies of all jobs that a server has. */
async function bodies(server: ServerWithData): Promise<readonly string[]> {
  const client = new Conversation(await server.connect());
  const found: string[] = [];
  await client.line("watch mail");
  for (;;) {
    const job = await client.ask("reserve-with-timeout 0");
    if (job === undefined || !job.line.startsWith("RESERVED")) return found;
    found.push(String(job.body));
  }
}

test("rows become jobs of a server, and those that cannot are set aside and hold up nobody", async () => {
  const queue = newQueue();
  const server = start(queue, "a", ["--http-port", "0"]);
  await server.serves();
  await insert(queue, "good");
  await insert(queue, "x".repeat(70_000));
  await insert(queue, "wrong", { tags: "colour:red" });
  await insert(queue, "later", { delay_millis: 3_600_000, tube: "other" });
  await until(
    "all rows are gone",
    async () => (await count(queue)) === 0,
    () => server.told,
  );
  const client = new Conversation(await server.connect());
  await client.line("watch mail");
  expect(await client.line("reserve-with-timeout 0")).toMatch(/^RESERVED \d+ 4$/);
  const aside = await app.query<{ reason: string }>(
    "select reason from homemaker.outbox_refused where queue = $1 order by id",
    [queue],
  );
  expect(aside.rows.map(({ reason }) => reason)).toEqual([
    "body: it has 70000 bytes; the server takes 65535",
    "tags: they are not as behind <bytes> of a put",
  ]);
  const [, page = ""] = /dashboard on (\S+)/.exec(server.output) ?? [];
  const metrics = await (await fetch(`${page.replace(/\/?$/, "")}/metrics`)).text();
  expect(metrics).toMatch(/^homemaker_outbox_rows_taken_total 2$/m);
  expect(metrics).toMatch(/^homemaker_outbox_rows_refused_total 2$/m);
  expect(metrics).toMatch(/^homemaker_outbox_reachable 1$/m);
  expect(metrics).toMatch(/^homemaker_outbox_oldest_row_age_seconds /m);
  expect(await server.stop()).toBe(0);
});

test("the program of docs/outbox.md inserts its job with its order", async () => {
  await app.query("create table orders (id bigint generated always as identity, total bigint)");
  const [program = ""] = codeBlocks(readPage("docs/outbox.md"), "ts");
  process.env["DATABASE_URL"] = application();
  await printed(program, "outbox", "src/entries/queue.ts");
  const { rows } = await app.query<{ order: string; body: Buffer; tags: string }>(
    "select orders.id as order, body, tags from homemaker.outbox, orders where tube = 'invoice'",
  );
  const [{ order, body, tags } = { order: "", body: Buffer.alloc(0), tags: "" }] = rows;
  expect(rows).toHaveLength(1);
  expect(JSON.parse(body.toString())).toMatchObject({
    type: "invoice",
    data: { order: Number(order) },
  });
  expect(tags).toBe(`idp:invoice/${order}:0`);
});

test("a server without a copy reads a table, and goes on with it after it was killed", async () => {
  const queue = newQueue();
  const url = `${application()}?journal=${queue}`;
  const launch = { directory: join(directory, queue), threads: 1, flags: ["--outbox", url] };
  const first = await ServerWithData.serving(launch);
  servers.push(first);
  await insert(queue, "1");
  await until(
    "the row is gone",
    async () => (await count(queue)) === 0,
    () => first.told,
  );
  await insert(queue, "2");
  await first.kill();
  await insert(queue, "3");
  const second = await ServerWithData.serving(launch);
  servers.push(second);
  await until(
    "all rows are gone",
    async () => (await count(queue)) === 0,
    () => second.told,
  );
  expect((await bodies(second)).toSorted()).toEqual(["1", "2", "3"]);
  expect(await second.stop()).toBe(0);
});

/** Two servers with one journal, of which whichever leads is killed, again and again. */
class Rivals {
  readonly #queue: string;
  readonly #servers = new Map<string, ServerWithData>();
  kills = 0;

  constructor(queue: string) {
    this.#queue = queue;
    for (const machine of ["a", "b"]) this.#servers.set(machine, start(queue, machine));
  }

  get #leader(): [machine: string, server: ServerWithData] | undefined {
    return [...this.#servers].find(([, server]) => server.output.includes("listening"));
  }

  /** The server that leads, once one does. */
  async leader(): Promise<ServerWithData> {
    await until(
      "one of them leads",
      () => this.#leader !== undefined,
      () => this.#told,
    );
    return this.#leader?.[1] ?? start(this.#queue, "never");
  }

  /**
   * Kills the one that leads, and lets the other take over; or both, and lets that one go on which
   * led.
   */
  async kill(isBoth: boolean): Promise<void> {
    await this.leader();
    const found = this.#leader;
    if (found === undefined) return;
    const [machine, server] = found;
    const other = machine === "a" ? "b" : "a";
    await Promise.all([server.kill(), isBoth ? this.#servers.get(other)?.kill() : undefined]);
    this.kills++;
    this.#servers.set(machine, start(this.#queue, machine));
    if (!isBoth) return;
    await this.leader();
    this.#servers.set(other, start(this.#queue, other));
  }

  get #told(): string {
    return [...this.#servers.values()].map(({ told }) => told).join("\n");
  }
}

test("leaders are killed in a loop, and each row that was committed is one job", async () => {
  const seed = seedHere();
  await replayable(seed, "test/outbox/postgres-outbox.long.test.ts", async () => {
    const random = randomFrom(seed);
    const queue = newQueue();
    const rivals = new Rivals(queue);
    await rivals.leader();
    const committed: string[] = [];
    const state = { isOver: false };
    const inserting = (async () => {
      for (let row = 0; !state.isOver; row++) {
        const size = 1 + random(8);
        await app.query("begin");
        for (let at = 0; at < size; at++) await insert(queue, `${row}.${at}`);
        const isKept = random(4) > 0;
        await app.query(isKept ? "commit" : "rollback");
        if (isKept) for (let at = 0; at < size; at++) committed.push(`${row}.${at}`);
        await pause(random(20));
      }
    })();
    for (let kill = 0; kill < KILLS; kill++) {
      await rivals.leader();
      await pause(200 + random(700));
      await rivals.kill(kill % 2 === 1);
    }
    state.isOver = true;
    await inserting;
    const server = await rivals.leader();
    await until(
      "all rows are gone",
      async () => (await count(queue)) === 0,
      () => server.told,
    );
    const found = await bodies(server);
    expect(rivals.kills).toBe(KILLS);
    expect(committed.length).toBeGreaterThan(KILLS);
    expect(found.toSorted()).toEqual(committed.toSorted());
  });
}, 180_000);
