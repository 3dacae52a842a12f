/*
 * The remote log on PostgreSQL: the fence, the lease, what is refused, and the events that lie.
 *
 * @module-tag pg_ctlcluster
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RemoteOperation } from "../../src/remote-log.ts";
import { PostgresLog } from "../../src/storage/postgres-log.ts";
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
  const log = new PostgresLog(url, leaseMillis);
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
