/* `homemaker work` as a process: it runs jobs, tells its health, stops as it should, and says in
 * one line why it does not start.
 */
import { readdirSync, renameSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { defineJob, openQueue, unchecked } from "../../../src/entries/queue.ts";
import { until } from "../../support/until.ts";
import { callerAt } from "../../json/door-bed.ts";
import { serveCommand } from "../command.ts";
import { WorkBed } from "./work-bed.ts";
import type { WorkProcess } from "./work-bed.ts";

const greet = defineJob("greet", {
  payload: unchecked<string>(),
  result: unchecked<string>(),
});
const hold = defineJob("hold", { payload: unchecked<"listen" | "ignore">() });

const MODULE = `
import { defineJob, unchecked } from "homemaker";
const greet = defineJob("greet", { payload: unchecked(), result: unchecked() });
const hold = defineJob("hold", { payload: unchecked() });
export default [
  greet.handler((name, { log }) => {
    if (name === "nobody") throw new RangeError("nobody is there");
    log.info({ name }, "greeted");
    return "hello " + name;
  }),
  hold.handler((how, { signal }) => new Promise((resolve, reject) => {
    console.log("holding");
    const timer = setInterval(() => undefined, 1000);
    if (how === "listen") signal.addEventListener("abort", () => {
      clearInterval(timer);
      reject(signal.reason);
    });
  })),
];
`;

/** Each starts several processes, one after the other, maybe on a busy machine. */
vi.setConfig({ testTimeout: 180_000 });

const SERVER = ["-p", "0", "--threads", "1"];

async function get(base: string, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(base + path);
  return { status: response.status, text: await response.text() };
}

async function healthOf(process: WorkProcess): Promise<string> {
  const [, base = ""] = await process.says(/health and metrics on (\S+)/);
  return base;
}

test("runs the jobs of a server, tells health and metrics, and stops when told to", async () => {
  await using server = await serveCommand(SERVER);
  using bed = new WorkBed();
  bed.write("jobs.ts", MODULE);
  const url = `homemaker://${server.addresses[0] ?? ""}` as const;
  const worker = bed.start("--jobs", "jobs.ts", "--queue", url, "--http-port", "0");
  const base = await healthOf(worker);
  await worker.says(/working on homemaker:\/\/\S+ \(pool default, slots: 10\): greet, hold/);
  await until("it is ready", async () => (await get(base, "/readyz")).status === 200);
  await using queue = await openQueue(url);
  expect(await queue.call(greet, "Ann", { timeout: "60s" })).toBe("hello Ann");
  await queue.enqueue(greet, "nobody");
  await worker.says(/"nobody is there".*"verdict":"retry"/);
  await worker.says(/"name":"Ann".*"msg":"greeted"/);
  expect(await get(base, "/healthz")).toEqual({ status: 200, text: "alive\n" });
  const { text } = await get(base, "/metrics");
  expect(text).toContain('homemaker_worker_slots{pool="default"} 10');
  expect(text).toContain(
    'homemaker_worker_attempts_total{pool="default",type="greet",outcome="success"} 1',
  );
  expect(text).toContain('outcome="retry"} 1');
  expect(text).toContain('homemaker_worker_attempt_seconds_count{pool="default",type="greet"} 2');
  expect((await get(base, "/api/v1/overview")).status).toBe(404);
  worker.signal("SIGTERM");
  expect(await worker.ended).toBe(0);
  expect(worker.stdout).toMatch(/stopped \(finished: 0, handed back: 0, abandoned: 0\)\n$/);
  expect((await queue.stats()).workers).toBe(0);
});

test("runs jobs of a server's JSON port that are too big for its queue", async () => {
  using bed = new WorkBed();
  bed.write("jobs.ts", MODULE);
  const blobs = bed.at("blobs");
  const json = ["--json-port", "0", "--json-blobs", blobs];
  await using server = await serveCommand([...SERVER, ...json], { count: 2 });
  const [, port] = /JSON on 127\.0\.0\.1:(\d+)/.exec(server.readyLines[0] ?? "") ?? [];
  const caller = await callerAt(Number(port));
  const big = "x".repeat(200_000);
  const { id } = (await caller.call("insert", { type: "greet", data: big })) as { id: string };
  caller.socket.destroy();
  expect(readdirSync(blobs)).toHaveLength(2);
  const url = `homemaker://${server.addresses[1] ?? ""}` as const;
  bed.start("--jobs", "jobs.ts", "--queue", url, "--blobs", blobs);
  await using queue = await openQueue(url);
  expect(await queue.result(greet, id, { timeout: "50s" })).toBe(`hello ${big}`);
  await until("its body is removed", () => readdirSync(blobs).length === 0);
});

test("is not ready while the queue does not answer", async () => {
  await using server = await serveCommand(SERVER);
  using bed = new WorkBed();
  bed.write("jobs.ts", MODULE);
  const url = `homemaker://${server.addresses[0] ?? ""}`;
  const worker = bed.start("--jobs", "jobs.ts", "--queue", url, "--http-port", "0");
  const base = await healthOf(worker);
  await until("it is ready", async () => (await get(base, "/readyz")).status === 200);
  server.signal("SIGTERM");
  await server.ended;
  await until("it is not ready", async () => (await get(base, "/readyz")).status === 503);
  expect((await get(base, "/readyz")).text).toMatch(/^the queue does not answer: \w+\n$/);
  expect((await get(base, "/healthz")).status).toBe(200);
});

test("lets a job end, hurries it at the second signal, and gives it back uncharged", async () => {
  await using server = await serveCommand(SERVER);
  using bed = new WorkBed();
  bed.write("jobs.ts", MODULE);
  const url = `homemaker://${server.addresses[0] ?? ""}` as const;
  await using queue = await openQueue(url);
  const worker = bed.start(
    "--jobs",
    "jobs.ts",
    "--queue",
    url,
    "--grace",
    "1d",
    "--http-port",
    "0",
  );
  const { id } = await queue.enqueue(hold, "listen");
  await worker.says(/holding/);
  const base = await healthOf(worker);
  worker.signal("SIGTERM");
  await worker.says(/stopping \(running: 1\); another signal tells handlers to stop at once/);
  expect(await get(base, "/readyz")).toEqual({ status: 503, text: "stopping\n" });
  worker.signal("SIGINT");
  expect(await worker.ended).toBe(0);
  expect(worker.stdout).toMatch(/stopped \(finished: 0, handed back: 1, abandoned: 0\)\n$/);
  expect(await queue.status(id)).toMatchObject({ state: "available", attempt: 0, failures: [] });
});

test("ends although a handler goes on, and says that it was left behind", async () => {
  using bed = new WorkBed();
  bed.write("jobs.ts", MODULE);
  bed.write("w.json", JSON.stringify({ modules: ["jobs.ts"], directory: "d", stop: { abort: 1 } }));
  {
    await using queue = await openQueue({ directory: bed.at("d") });
    await queue.enqueue(hold, "ignore");
  }
  const worker = bed.start("--config", "w.json", "--grace", "0");
  await worker.says(/holding/);
  worker.signal("SIGTERM");
  expect(await worker.ended).toBe(1);
  expect(worker.stdout).toMatch(/stopped \(finished: 0, handed back: \d, abandoned: 1\)\n$/);
});

test.each([
  [["--jobs", "none.ts"], /^homemaker: work: none\.ts does not load: Cannot find module .*\n$/],
  [["--jobs", "bad.ts"], /^homemaker: work: bad\.ts does not load: \S+bad\.ts:2: .*\n$/],
  [["--config", "bad.json"], /^homemaker: work: bad\.json does not load: .*JSON.*\n$/],
  [
    ["--config", "none.json"],
    /^homemaker: work: none\.json: it names no modules, nor does --jobs\n$/,
  ],
  [
    ["--jobs", "jobs.ts", "--queue", "mysql://a"],
    /^homemaker: work: "mysql:\/\/a" is no queue.*\n$/,
  ],
])("says why it does not start: %j", async (argv, line) => {
  using bed = new WorkBed();
  bed.write("jobs.ts", MODULE);
  bed.write("bad.ts", "\nexport const x = ;\n");
  bed.write("bad.json", '{"modules": [}');
  bed.write("none.json", "{}");
  const worker = bed.start(...argv);
  expect(await worker.ended).toBe(1);
  expect(worker.stdout).toBe("");
  expect(worker.stderr).toMatch(line);
});

test.each([
  ["process.exit(0);", "it ends the process, with exit code 0"],
  ["process.exit(7);", "it ends the process, with exit code 7"],
  ["await new Promise(() => undefined);", "an await in it never ends"],
])("says that a module does not load: %s", async (text, why) => {
  using bed = new WorkBed();
  bed.write("odd.ts", `${text}\nexport {};\n`);
  const worker = bed.start("--jobs", "odd.ts", "--data", "d");
  expect(await worker.ended).toBe(1);
  expect(worker.stderr).toBe(`homemaker: work: odd.ts does not load: ${why}\n`);
});

test("stops at the first signal while a module loads for ever", async () => {
  using bed = new WorkBed();
  bed.write(
    "slow.ts",
    'console.log("loading"); await new Promise(() => void setInterval(() => undefined, 1000));\n',
  );
  const worker = bed.start("--jobs", "slow.ts", "--data", "d");
  await worker.says(/loading/);
  worker.signal("SIGTERM");
  expect(await worker.ended).toBe(0);
  expect(worker.stderr).toBe("");
  expect(worker.stdout).toMatch(/stopped before it began\n$/);
});

test("does not start where its HTTP port is taken", async () => {
  using bed = new WorkBed();
  bed.write("jobs.ts", MODULE);
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const worker = bed.start("--jobs", "jobs.ts", "--data", "d", "--http-port", String(port));
  expect(await worker.ended).toBe(1);
  expect(worker.stderr).toMatch(
    new RegExp(`^homemaker: work: cannot listen on 127.0.0.1:${port}: .*\\n$`),
  );
  taken.close();
});

test("starts anew with --watch, however a file is changed", async () => {
  using bed = new WorkBed();
  bed.write("package.json", "{}");
  bed.write("jobs.ts", MODULE);
  bed.write("w.json", JSON.stringify({ modules: ["jobs.ts"], directory: "one" }));
  const worker = bed.start("--watch", "--config", "w.json");
  await worker.says(/working on \S+one \(pool default, slots: 10\): greet, hold\n/);
  bed.write("jobs.ts", MODULE.replaceAll('"greet"', '"welcome"'));
  await worker.says(/working on \S+one \(pool default, slots: 10\): welcome, hold\n/);
  expect(worker.times(/stopped \(finished/)).toBe(1);
  bed.write("new.ts", "export const x = ;");
  renameSync(bed.at("new.ts"), bed.at("jobs.ts"));
  await worker.says(/jobs\.ts does not load/);
  bed.write("new.ts", MODULE.replaceAll('"greet"', '"greet.again"'));
  renameSync(bed.at("new.ts"), bed.at("jobs.ts"));
  await worker.says(/working on \S+one \(pool default, slots: 10\): greet\.again, hold\n/);
  bed.write("w.json", JSON.stringify({ modules: ["jobs.ts"], directory: "two" }));
  await worker.says(/working on \S+two \(pool default, slots: 10\): greet\.again, hold\n/);
  worker.signal("SIGTERM");
  expect(await worker.ended).toBe(0);
});
