/*
 * The remote log on PostgreSQL: the fence, the lease, what is refused, and the events that lie.
 *
 * @module-tag pg_ctlcluster
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RemoteOperation } from "../../src/remote-log.ts";
import { parsePostgres } from "../../src/storage/postgres-address.ts";
import { PostgresLink } from "../../src/storage/postgres-link.ts";
import { PostgresLog } from "../../src/storage/postgres-log.ts";
import { codeOf } from "../../src/system-error.ts";
import { PostgresPair } from "../support/postgres.ts";
import { until } from "../support/until.ts";

let pair: PostgresPair;
let journals = 0;
const open: PostgresLog[] = [];
/** Longer than anything takes on a busy machine; leases that run out are of one second. */
const PATIENT = 30_000;

beforeAll(async () => {
  pair = await PostgresPair.start();
});
afterAll(async () => {
  await Promise.all(open.map((log) => log.close()));
  await pair.end();
});

function newJournal(more = ""): string {
  return pair.url(`test${++journals}`, more);
}

function connect(url: string, leaseMillis = PATIENT): PostgresLog {
  const log = new PostgresLog(url, { leaseMillis, patienceMillis: PATIENT });
  open.push(log);
  return log;
}

function write(file: string, position: number, text: string): RemoteOperation {
  return { kind: "write", file, position, body: new TextEncoder().encode(text) };
}

test("entries come back as they went in, and those of a file that was removed are forgotten", async () => {
  const log = connect(newJournal());
  expect(await log.newest()).toBeUndefined();
  expect(await log.lead(1, 1, "ann")).toBe(true);
  const first: RemoteOperation = { kind: "create", file: "journal.1", bytes: 100 };
  const second: RemoteOperation = { kind: "create", file: "journal.2", bytes: 200 };
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  const all: RemoteOperation = { kind: "write", file: "journal.2", position: 7, body: bytes };
  expect(await log.append(2, 1, [first, write("journal.1", 0, "gone soon"), second, all])).toBe(
    true,
  );
  expect((await log.entries()).map(({ kind, file, position }) => [kind, file, position])).toEqual([
    ["create", "journal.1", 0],
    ["write", "journal.1", 0],
    ["create", "journal.2", 0],
    ["write", "journal.2", 7],
  ]);
  expect([...(await log.read(5))]).toEqual([...bytes]);
  expect(await log.append(6, 1, [{ kind: "remove", file: "journal.1" }])).toBe(true);
  expect(await log.append(7, 1, [write("journal.2", 0, "newest")])).toBe(true);
  while (await log.sweep());
  expect((await log.entries()).map(({ sequence }) => sequence)).toEqual([4, 5, 7]);
  expect(await log.newest()).toEqual({ sequence: 7, epoch: 1, leader: "ann" });
});

test("from the moment at which somebody began an epoch nobody of an older one adds anything", async () => {
  const url = newJournal();
  const [ann, bob] = [connect(url), connect(url)];
  await ann.lead(1, 1, "ann");
  expect(await ann.append(2, 1, [write("a", 0, "one")])).toBe(true);
  expect(await bob.lead(3, 2, "bob")).toBe(true);
  expect(await ann.append(3, 1, [write("a", 3, "two")])).toBe(false);
  expect(await ann.append(4, 1, [write("a", 3, "two")])).toBe(false);
  expect(await ann.lead(3, 2, "ann")).toBe(false);
  expect(await bob.append(4, 2, [write("a", 3, "2nd")])).toBe(true);
  expect(await ann.look(4, 1, write("a", 3, "2nd"))).toBe("another's");
  expect(await bob.look(4, 2, write("a", 3, "2nd"))).toBe("ours");
  expect(await bob.look(5, 2, write("a", 6, "3rd"))).toBe("nothing");
});

test("a lease is one leader's until it runs out or is given back", async () => {
  const url = newJournal();
  const [ann, bob] = [connect(url, 1000), connect(url, 1000)];
  expect(await ann.claim("ann")).toMatchObject({ isTaken: true });
  expect(await bob.claim("bob")).toMatchObject({ isTaken: false, leader: "ann" });
  expect(await ann.renew("ann")).toBe(true);
  await until("the lease has run out", async () => (await bob.claim("bob")).isTaken);
  expect(await ann.renew("ann")).toBe(false);
  await bob.release("bob");
  expect(await ann.claim("ann")).toMatchObject({ isTaken: true });
});

test("who asks while a connection is made shares it, and one that nobody wants any more is cut", async () => {
  const log = connect(newJournal("&application_name=shared"));
  const here = "select count(*)::int from pg_stat_activity where application_name = 'shared'";
  await Promise.all([log.standbys(), log.sweep(), log.newest()]);
  expect(await pair.primary.ask(here)).toEqual([1]);
  const failures = [log.reconnect(), log.reconnect()].map((one) => one.catch(codeOf));
  expect(await Promise.all(failures)).toEqual(["HM_REMOTE_UNREACHABLE", undefined]);
  expect(await log.standbys()).toBe(0);
  await log.close();
  const asked = log.standbys().catch(codeOf);
  await log.close();
  expect(await asked).toBe("HM_REMOTE_UNREACHABLE");
  await until("none is left", async () => (await pair.primary.ask(here))[0] === 0);
});

test("a server whose machine lost its power counts as connected for seconds, not for hours", async () => {
  const link = await PostgresLink.open(parsePostgres(newJournal()), PATIENT);
  const names = ["keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout"];
  const settings = names.map((name) => `current_setting('tcp_${name}')::int as ${name}`);
  const { rows } = await link.ask(`select ${settings.join(", ")}`);
  link.cut();
  // PostgreSQL reads them back from the socket.
  expect(rows).toEqual([
    { keepalives_idle: 5, keepalives_interval: 2, keepalives_count: 3, user_timeout: 11_000 },
  ]);
});

test("a server that may answer before a standby has it is refused, and told what to set", async () => {
  const log = connect(newJournal());
  await pair.set("synchronous_standby_names", "");
  await expect(log.newest()).rejects.toMatchObject({
    code: "HM_REMOTE_UNSAFE",
    message: expect.stringContaining("synchronous_standby_names = 'ANY 1 (...)'") as string,
  });
  expect(await connect(newJournal("&standbys=none")).newest()).toBeUndefined();
  await pair.set("synchronous_standby_names", "ANY 1 (b)");
  await pair.set("full_page_writes", "off");
  await expect(log.newest()).rejects.toThrow(/full_page_writes = on/);
  await pair.set("full_page_writes", "on");
  expect(await log.newest()).toBeUndefined();
});

test("a wait for a standby that was cancelled is no answer, though the server calls it one", async () => {
  const log = connect(newJournal());
  await log.lead(1, 1, "ann");
  const operation = write("a", 0, "one");
  pair.standby.signal("SIGSTOP");
  try {
    const failed = log.append(2, 1, [operation]).catch((error: unknown) => error);
    const cancel =
      "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'";
    await until("the wait was cancelled", async () => {
      return (await pair.primary.ask(cancel)).includes(true);
    });
    expect(await failed).toMatchObject({ code: "HM_REMOTE_UNREACHABLE" });
  } finally {
    pair.standby.signal("SIGCONT");
  }
  await log.reconnect();
  expect(await log.look(2, 1, operation)).toBe("ours");
});

test("a warning is known by its code, whatever the server's language calls it", async () => {
  const link = await PostgresLink.open(parsePostgres(newJournal()), PATIENT);
  const say = (code: string): string =>
    `do $$ begin raise notice 'said so' using errcode = '${code}'; end $$`;
  await link.ask(say("42P07"));
  await expect(link.ask(say("01000"))).rejects.toMatchObject({
    code: "HM_REMOTE_UNREACHABLE",
    message: "the server warned: said so",
  });
});

test("what a server warns of when somebody connects is not about what is asked of it", async () => {
  const url = newJournal();
  await pair.primary.ask("alter database postgres set default_tablespace = 'ghost'");
  try {
    const warnings: unknown[] = [];
    const client = new Client({ connectionString: parsePostgres(url).servers[0]?.url });
    client.on("notice", ({ severity }) => warnings.push(severity));
    await client.connect();
    await client.end();
    expect(warnings).toEqual(["WARNING"]);
    expect(await connect(url).newest()).toBeUndefined();
  } finally {
    await pair.primary.ask("alter database postgres reset default_tablespace");
  }
});

/** Where a server listens that does that with each connection. */
async function listening(heard: (socket: Socket) => void): Promise<[server: Server, host: string]> {
  const server = createServer(heard);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return [server, `127.0.0.1:${typeof address === "object" ? address?.port : 0}`];
}

test("neither a server that is silent nor one that refuses keeps the primary from being found", async () => {
  const seen: string[] = [];
  const [silent, first] = await listening((socket) => {
    seen.push("asked");
    socket.on("error", () => undefined).on("close", () => seen.push("given up"));
    socket.resume();
  });
  const fields = "SFATAL\0C28000\0Mnot you\0\0";
  const [refusing, second] = await listening((socket) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(4 + fields.length);
    socket.on("error", () => undefined);
    socket.once("data", () =>
      socket.end(Buffer.concat([Buffer.from("E"), length, Buffer.from(fields)])),
    );
  });
  try {
    const url = newJournal().replace("@", `@${first},${second},`);
    const link = await PostgresLink.open(parsePostgres(url), PATIENT);
    seen.push("connected");
    await until("the silent one is let go", () => seen.includes("given up"));
    expect(seen).toEqual(["asked", "connected", "given up"]);
    link.cut();
  } finally {
    silent.close();
    refusing.close();
  }
});

test("what the old primary had answered the new one has", async () => {
  const log = connect(newJournal());
  await log.lead(1, 1, "ann");
  let answered = 1;
  const appending = (async () => {
    for (;;) {
      await log.append(answered + 1, 1, [write("a", answered, "x")]);
      answered++;
    }
  })().catch((error: unknown) => error);
  await until("something was answered", () => answered > 20);
  await pair.primary.kill();
  expect(await appending).toMatchObject({ code: "HM_REMOTE_UNREACHABLE" });
  await expect(log.reconnect()).rejects.toMatchObject({ code: "HM_REMOTE_UNREACHABLE" });
  await pair.standby.promote();
  await until("the standby is the primary", async () => {
    return (await pair.standby.ask("select pg_is_in_recovery()"))[0] === false;
  });
  await expect(log.reconnect()).rejects.toMatchObject({ code: "HM_REMOTE_UNSAFE" });
  const alone = connect(pair.url(`test${journals}`, "&standbys=none"));
  const newest = await alone.newest();
  expect(newest?.sequence).toBeGreaterThanOrEqual(answered);
  expect(log.digest(await alone.read(answered))).toBe(log.digest(new TextEncoder().encode("x")));
});
