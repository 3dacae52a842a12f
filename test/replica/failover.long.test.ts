/*
 * Servers with a copy of their journal on a real PostgreSQL: who leads, who stands by, and what is
 * there after each take-over.
 *
 * @module-tag pg_ctlcluster
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTo, ServerWithData } from "../durability/server-with-data.ts";
import { askAt } from "../http/http-port.ts";
import { ParsedMetrics } from "../observability/parsed-metrics.ts";
import { Conversation } from "../support/conversation.ts";
import { connect } from "../../src/entries/client.ts";
import { verify } from "../../src/cli/verify.ts";
import type { Comparison } from "../../src/journal/comparison.ts";
import { freePort } from "../cli/contest.ts";
import { recorder } from "../cli/recorder.ts";
import { outcome } from "../client/scripted-server.ts";
import { PostgresPair } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { Handings } from "./handings.ts";

const directory = mkdtempSync(join(tmpdir(), "homemaker-failover-"));
const LEASE_MILLIS = 5000;
let pair: PostgresPair;
const servers: ServerWithData[] = [];

beforeAll(async () => {
  pair = await PostgresPair.start();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await pair.end();
  rmSync(directory, { recursive: true });
});

function start(
  journal: string,
  machine: string,
  url = pair.url(journal),
  leaseMillis = LEASE_MILLIS,
  port = 0,
  more: readonly string[] = [],
): ServerWithData {
  const server = new ServerWithData({
    directory: join(directory, `${journal}-${machine}`),
    threads: 2,
    shards: 2,
    port,
    flags: ["--journal", url, "--journal-lease", `${leaseMillis}ms`, "--http-port", "0", ...more],
  });
  servers.push(server);
  return server;
}

async function isStandingBy(server: ServerWithData): Promise<void> {
  await until(
    "it stands by",
    () => server.told.includes("stands by"),
    () => server.told,
  );
}

/** Whether all threads are stopped: the others go on until the first one has heard the signal. */
function standsStill(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((id) =>
    readFileSync(`/proc/${pid}/task/${id}/stat`, "utf8").includes(") T"),
  );
}

/**
 * More than the system takes for a process that reads nothing: what is sent behind it does not
 * leave. The buffer of who reads grows only as that reads.
 */
function backlogBytes(): number {
  const sizes = (of: string): number[] =>
    readFileSync(`/proc/sys/net/ipv4/${of}`, "utf8").trim().split(/\s+/).map(Number);
  const [, , sent = 0] = sizes("tcp_wmem");
  const [, read = 0] = sizes("tcp_rmem");
  return 2 * (sent + read);
}

async function talk(server: ServerWithData): Promise<Conversation> {
  return new Conversation(await server.connect());
}

/** What its HTTP port answers. */
async function asked(server: ServerWithData, path: string): Promise<string> {
  const [, port] = /dashboard on http:\/\/\S+:(\d+)/.exec(server.output) ?? [];
  return (await askAt(Number(port), path)).text;
}

/** What `homemaker verify` says of a directory and its copy. */
async function verified(where: string, journalUrl: string): Promise<[code: number, Comparison]> {
  const { runtime, printed } = recorder();
  const code = await verify(
    { kind: "verify", directory: where, asJson: true, journalUrl },
    runtime,
  );
  return [code, (JSON.parse(printed.join("")) as { copy: Comparison }).copy];
}

/** Puts jobs, many at a time, until the server is gone; resolves with the ids that it told. */
async function putUntilGone(server: ServerWithData, told: number[]): Promise<void> {
  const putters = Array.from({ length: 8 }, async () => {
    const client = await talk(server);
    for (;;) {
      const line = await client.line("put 0 0 60 5", Buffer.from("hello"));
      if (line === "") return;
      told.push(Number(line.split(" ")[1]));
    }
  });
  await Promise.all(putters);
}

test("a leader that is killed under load loses no job that it acknowledged, nor does one that is told to stop", async () => {
  const a = start("jobs", "a");
  await a.serves();
  const told: number[] = [];
  const client = await talk(a);
  for (let job = 0; job < 20; job++) {
    told.push(Number((await client.line("put 0 0 60 1", Buffer.from("x"))).split(" ")[1]));
  }
  expect(await client.line("delete 1")).toBe("DELETED");
  const b = start("jobs", "b");
  await isStandingBy(b);
  expect(b.output).not.toContain("listening on");
  expect(await asked(b, "/healthz")).toBe("alive\n");
  expect(await asked(b, "/readyz")).toBe(`standing by; 127.0.0.1:${a.port} leads\n`);
  expect(await asked(b, "/api/v1/overview")).toContain("HM_HTTP_STANDBY");
  const waiting = new ParsedMetrics(await asked(b, "/metrics"));
  expect(waiting.value("homemaker_copy_leading")).toBe(0);
  expect(waiting.find("homemaker_copy_epoch")).toMatchObject([
    { labels: { leader: `127.0.0.1:${a.port}` }, value: 1 },
  ]);
  expect(await asked(a, "/readyz")).toBe("ready\n");
  await until("the standby is counted", async () => {
    return (await asked(a, "/metrics")).includes("\nhomemaker_copy_standbys 1\n");
  });
  await until("the copy has what marks an idle journal, too", async () => {
    return (await asked(a, "/metrics")).includes("\nhomemaker_copy_lag_bytes 0\n");
  });
  const leading = new ParsedMetrics(await asked(a, "/metrics"));
  expect(leading.value("homemaker_copy_leading")).toBe(1);
  expect(leading.value("homemaker_copy_position")).toBeGreaterThan(1);
  expect(JSON.parse(await asked(a, "/api/v1/overview"))).toMatchObject({
    journal: { copy: { leader: `127.0.0.1:${a.port}`, epoch: 1, standbys: 1 } },
  });
  expect(await a.stop()).toBe(0);
  await b.serves();
  const stale = start("jobs", "a");
  await isStandingBy(stale);
  const putting = putUntilGone(b, told);
  await until("some were put", () => told.length > 300);
  await b.kill();
  await putting;
  await stale.serves();
  const reader = await talk(stale);
  const answers = await Promise.all(told.map((id) => reader.line(`peek ${id}`)));
  const lost = told.filter((id, at) => id !== 1 && !answers[at]?.startsWith(`FOUND ${id} `));
  expect(lost).toEqual([]);
  expect(answers[0]).toBe("NOT_FOUND");
  expect(await stale.stop()).toBe(0);

  const where = join(directory, "jobs-a");
  const same = { standing: "ahead", fetchedBytes: expect.any(Number) as number, differences: [] };
  expect(await verified(where, pair.url("jobs"))).toMatchObject([0, same]);
  const file = readdirSync(where)
    .filter((name) => name.startsWith("journal."))
    .toSorted()
    .at(-1);
  const bytes = readFileSync(join(where, file ?? ""));
  const position = bytes.length - 1;
  bytes[position] = 255 - (bytes[position] ?? 0);
  writeFileSync(join(where, file ?? ""), bytes);
  const differences = [{ file, kind: "different", position, bytes: 1 }];
  expect(await verified(where, pair.url("jobs"))).toMatchObject([1, { differences }]);
}, 180_000);

test("a leader that stood still for longer than its lease hands out nothing when it goes on, and ends", async () => {
  const a = start("paused", "a");
  await a.serves();
  const client = await talk(a);
  expect(await client.line("put 0 0 60 1", Buffer.from("x"))).toBe("INSERTED 1");
  const b = start("paused", "b");
  await isStandingBy(b);
  a.signal("SIGSTOP");
  await until("it stands still", () => standsStill(a.pid));
  const reserved = client.line("reserve-with-timeout 0");
  const peeked = (await talk(a)).line("peek 1");
  await b.serves();
  const other = await talk(b);
  expect(await other.line("reserve-with-timeout 0")).toBe("RESERVED 1 1");
  a.signal("SIGCONT");
  expect(await reserved).toBe("");
  expect(await peeked).toBe("");
  await a.ended;
  expect(a.complaints.join()).toMatch(/the lease has run out|another server leads/);
  expect(await other.line("delete 1")).toBe("DELETED");
  expect(await b.stop()).toBe(0);
}, 180_000);

/** What an old holder may try. */
const ENDS = (id: number): readonly string[] => [
  `delete ${id}`,
  `release ${id} 0 0`,
  `bury ${id} 0`,
  `touch ${id}`,
];

test.each(["is killed", "stands still for longer than its lease, and goes on"])(
  "what a leader handed out twice was held when it %s, and its old holder can do nothing more to it",
  async (how) => {
    const journal = how.slice(0, 4).replace(" ", "-");
    const ports = await Promise.all([freePort(), freePort()]);
    const a = start(journal, "a", pair.url(journal), LEASE_MILLIS, ports[0]);
    await a.serves();
    const b = start(journal, "b", pair.url(journal), LEASE_MILLIS, ports[1]);
    await isStandingBy(b);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    await using ours = await connect(addresses, { timeoutMs: 170_000 });
    await ours.use("ours");
    const { id: own } = await ours.put("own");
    const handle = await ours.reserveJob(own);
    const putter = await talk(a);
    await Promise.all(
      Array.from({ length: 600 }, () => putter.line("put 0 0 300 1", Buffer.from("x"))),
    );

    const before = new Handings();
    const workers = await Promise.all([talk(a), talk(a), talk(a), talk(a)]);
    const working = Promise.all(workers.map((worker) => before.work(worker)));
    await until("some are done", () => before.ended.size > 60);
    const late: Promise<unknown>[] = [];
    if (how === "is killed") await a.kill();
    else {
      a.signal("SIGSTOP");
      await until("it stands still", () => standsStill(a.pid));
      const bodies = Array.from({ length: backlogBytes() / 65_000 }, () => "x".repeat(65_000));
      late.push(outcome(ours.putMany(bodies))); // the delete behind it cannot be sent
      late.push(outcome(handle?.delete() ?? Promise.reject(new Error("it was not reserved"))));
    }
    await b.serves();
    const { held } = before;
    expect(held.length).toBeGreaterThan(3);
    const after = new Handings();
    const holder = await talk(b);
    await after.takeAll(holder);
    const twice = [...after.handedOut].filter((id) => before.handedOut.has(id));
    const notHeld = twice.filter((id) => !held.includes(id));
    expect({ held, notHeld }).toEqual({ held, notHeld: [] });
    expect(twice.length).toBeGreaterThan(0);

    const [job = 0] = twice;
    const [old] = workers;
    const answers = ENDS(job).map((line) => old?.line(line));
    a.signal("SIGCONT");
    expect(await Promise.all(answers)).toEqual(["", "", "", ""]);
    await working;
    expect(old?.isOver).toBe(true);
    expect(before.held).toEqual(held); // nothing came, and nothing was ended, after the take-over
    const again = await talk(b);
    for (const line of ENDS(job)) expect(await again.line(line)).toBe("NOT_FOUND");
    expect(await holder.line(`delete ${job}`)).toBe("DELETED");

    const isStill = late.length > 0;
    expect(await Promise.all(late)).toEqual(isStill ? ["HM_SOME_FAILED", "HM_NOT_HELD"] : []);
    expect(await ours.statsJob(own)).toMatchObject({ state: "ready" });
    const ends = [handle?.delete(), handle?.release(), handle?.bury(), handle?.touch()];
    for (const end of ends) await expect(end).rejects.toMatchObject({ code: "HM_NOT_HELD" });
    expect(await ours.statsJob(own)).toMatchObject({ state: "ready", reserves: 0 });
    expect(await b.stop()).toBe(0);
  },
  180_000,
);

test("a leader that steps down is followed before its lease is over, and stands by; a client finds who leads", async () => {
  const url = pair.url("planned");
  const ports = await Promise.all([freePort(), freePort()]);
  const a = start("planned", "a", url, 60_000, ports[0]);
  await a.serves();
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  await using client = await connect(addresses, { timeoutMs: 60_000 });
  const { id } = await client.put("x");
  await expect(client.stepDown()).rejects.toMatchObject({ code: "HM_NO_STANDBY" });
  const b = start("planned", "b", url, 60_000, ports[1]);
  await isStandingBy(b);
  await client.stepDown({ standbys: 0 });
  await b.serves();
  const job = await client.reserve();
  expect(job.id).toBe(id);
  await job.delete();
  await isStandingBy(a);
  await client.put("y");
  await client.stepDown({ standbys: 0 });
  await until(
    "it leads again",
    () => a.output.split("listening on").length === 3,
    () => a.told,
  );
  expect((await client.reserve()).text).toBe("y");
  await expect(client.reserveJob(id)).resolves.toBeUndefined();
  expect(await b.stop()).toBe(0);
  expect(await a.stop()).toBe(0);
}, 180_000);

test("a server that was asked to redirect tells clients who leads, and serves there once it leads", async () => {
  const url = pair.url("redirected");
  const [port = 0, other = 0, ws = 0] = await Promise.all([1, 2, 3].map(freePort));
  const a = start("redirected", "a", url, 60_000, port, ["--journal-redirect"]);
  await a.serves();
  const more = ["--journal-redirect", "-l", `ws://127.0.0.1:${ws}`];
  const b = start("redirected", "b", url, 60_000, other, more);
  await until(
    "it redirects on both addresses",
    () => b.output.split("redirecting clients on").length === 3,
    () => b.told,
  );
  const told = async (at: number): Promise<string> => {
    const socket = await connectTo(at);
    socket.write("stats\r\n");
    return (await socket.setEncoding("utf8").toArray()).join("");
  };
  expect(await told(other)).toBe(`NOT_LEADER 127.0.0.1:${port}\r\n`);
  await using client = await connect(`127.0.0.1:${other}`, { timeoutMs: 60_000 });
  await using browser = await connect(`ws://127.0.0.1:${ws}`, { timeoutMs: 60_000 });
  const { id } = await client.put("x");
  expect((await browser.peek(id))?.id).toBe(id);
  const silent = await connectTo(other);
  await client.stepDown({ standbys: 0 });
  await b.serves();
  expect(await silent.toArray()).toEqual([]);
  expect((await client.reserve()).id).toBe(id);
  expect(await new Conversation(await connectTo(other)).line(`peek ${id}`)).toBe(`FOUND ${id} 1`);
  await until("it redirects", () => a.output.includes("redirecting clients on"));
  const there = `NOT_LEADER 127.0.0.1:${other}\r\n`;
  await until("it knows where to", async () => (await told(port)) === there);
  expect((await browser.peek(id))?.id).toBe(id);
  expect([await a.stop(), await b.stop()]).toEqual([0, 0]);
}, 180_000);

test("replies wait while the standby of PostgreSQL stands still, and none of them is lost", async () => {
  const a = start("hung", "a");
  await a.serves();
  const client = await talk(a);
  expect(await client.line("put 0 0 60 1", Buffer.from("x"))).toBe("INSERTED 1");
  pair.standby.signal("SIGSTOP");
  const answer = client.line("put 0 0 60 1", Buffer.from("y"));
  const first = await Promise.race([
    answer,
    new Promise((resolve) => setTimeout(() => resolve("nothing"), 700)),
  ]);
  pair.standby.signal("SIGCONT");
  expect(first).toBe("nothing");
  expect(await answer).toBe("INSERTED 2");
  expect(await a.stop()).toBe(0);
}, 180_000);

test("a server does not start where PostgreSQL may lose what it answers, and says what to set", async () => {
  await pair.set("synchronous_standby_names", "");
  try {
    const a = start("unsafe", "a");
    expect(await a.ended).toBe(1);
    expect(a.complaints.join()).toContain("synchronous_standby_names = 'ANY 1 (...)'");
  } finally {
    await pair.set("synchronous_standby_names", "ANY 1 (b)");
  }
}, 180_000);

test("a directory with jobs of another journal is refused, and keeps them", async () => {
  const own = await ServerWithData.serving({ directory: join(directory, "jobs2-own") });
  const client = await talk(own);
  expect(await client.line("put 0 0 60 1", Buffer.from("x"))).toBe("INSERTED 1");
  expect(await own.stop()).toBe(0);
  const first = start("jobs2", "a");
  await first.serves();
  expect(await first.stop()).toBe(0);
  const second = start("jobs2", "own");
  expect(await second.ended).toBe(1);
  expect(second.complaints.join()).toContain("no copy of the remote one");
}, 180_000);

test("a leader goes on with the standby that is promoted when the primary's machine says nothing more", async () => {
  const a = start("silent", "a", pair.url("silent", "&standbys=none"), 15_000);
  await a.serves();
  const client = await talk(a);
  expect(await client.line("put 0 0 60 1", Buffer.from("x"))).toBe("INSERTED 1");
  pair.primary.signal("SIGSTOP"); // for good: no other test comes behind this one
  const answer = client.line("put 0 0 60 1", Buffer.from("y"));
  await pair.standby.promote();
  expect(await answer).toBe("INSERTED 2");
  expect(await a.stop()).toBe(0);
}, 180_000);
