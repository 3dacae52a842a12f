/* Start and stop with data: nobody comes in too early, who was promised something hears it before
 * the end, and a directory that cannot be used is refused with one clear line.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { program } from "../support/programs.ts";
import { Conversation } from "../support/conversation.ts";
import { bodyOf, Ledger, putLine } from "./ledger.ts";
import { connectTo, ServerWithData } from "./server-with-data.ts";
import { pause, until } from "../support/until.ts";
import type { Launch } from "./server-with-data.ts";
import { SmallDisk } from "./small-disk.ts";

const TIMEOUT_MS = 60_000;
const JOBS = 20_000;
/** How much longer a call takes, so that there is time to come while the journal is recovered. */
const SLOW_SECONDS = 0.02;
const NEVER_SECONDS = 1000;
const FIRST_SEGMENT = "journal.0000000001";

let directory: string;
const servers: ServerWithData[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-start-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  rmSync(directory, { recursive: true });
});

function start(launch: Partial<Launch> = {}): ServerWithData {
  const server = new ServerWithData({ directory, threads: 1, shards: 1, ...launch });
  servers.push(server);
  return server;
}

async function serving(launch: Partial<Launch> = {}): Promise<ServerWithData> {
  const server = start(launch);
  await server.serves();
  return server;
}

async function talkTo(server: ServerWithData): Promise<Conversation> {
  return new Conversation(await server.connect());
}

/** So many puts in one write. */
async function put(client: Conversation, ledger: Ledger, count: number): Promise<void> {
  const random = new Random(count);
  const places = Array.from({ length: count }, () => random.between(10, 200));
  await Promise.all(
    places.map(async (bodyBytes) => {
      const tube = { tube: "default", priority: 0, delaySeconds: 0, ttrSeconds: 60 };
      const job = ledger.begin({ ...tube, bodyBytes });
      ledger.putAnswered(job, (await client.ask(putLine(job), bodyOf(job)))?.line);
    }),
  );
}

async function inspect(server: ServerWithData, ledger: Ledger): Promise<void> {
  await ledger.inspect(await talkTo(server), true);
  expect(ledger.problems).toEqual([]);
}

/**
 * Connects again and again until a command is answered; resolves with the first word of the answer
 * and what the server had announced when the connection stood. A connection that is lost is one
 * that should not have been taken.
 */
async function askEarly(port: number, server: ServerWithData): Promise<readonly string[]> {
  for (;;) {
    const socket = await connectTo(port).catch((error: unknown) => {
      if (server.ending !== undefined) throw error;
    });
    if (socket !== undefined) {
      const client = new Conversation(socket);
      const [word = ""] = (await client.line("peek-ready")).split(" ");
      return [word, server.output === "" ? "not announced" : "announced"];
    }
    await pause(1);
  }
}

/**
 * Each call to read at a place of a file begins so much later, and is written down before that.
 * Node's cache of compiled modules is left out, as that is read likewise.
 */
function laterReads(seconds: number, trace = "/dev/null"): readonly string[] {
  const words = [program("strace"), "-D", "-f", "-qq", "-o", trace, "-e", "trace=pread64"];
  words.push("-E", "NODE_COMPILE_CACHE");
  return [...words, "-e", `inject=pread64:delay_enter=${seconds * 1e6}`];
}

test(
  "nobody can connect before the journal is recovered, and then all is there",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async () => {
    const ledger = new Ledger();
    const first = await serving();
    const { port } = first;
    await put(await talkTo(first), ledger, JOBS);
    await first.kill();

    const second = start({ port, under: laterReads(SLOW_SECONDS), flags: ["--http-port", "0"] });
    await until("it can be asked how it is", () => /dashboard on /.test(second.output));
    const url = /dashboard on (\S+)/.exec(second.output)?.[1] ?? "";
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    await expect(connectTo(port)).rejects.toThrow("ECONNREFUSED");
    expect(await askEarly(port, second)).toEqual(["FOUND", expect.any(String)]);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await second.serves();
    await inspect(second, ledger);
  },
);

test(
  "told to stop while the journal is recovered, it exits with 0, and all is there next time",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async () => {
    const ledger = new Ledger();
    const first = await serving();
    await put(await talkTo(first), ledger, JOBS);
    await first.kill();
    const second = start({ under: laterReads(SLOW_SECONDS), flags: ["--http-port", "0"] });
    await until("it has begun", () => /dashboard on /.test(second.output));
    expect(await second.stop()).toBe(0);
    expect(second.output).not.toContain("listening on");
    await inspect(await serving(), ledger);
  },
);

test(
  "told to stop while a file does not answer, it ends all the same, with one line",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async () => {
    const first = await serving();
    await put(await talkTo(first), new Ledger(), 10);
    await first.kill();
    const trace = join(directory, "reads");
    const under = [...laterReads(NEVER_SECONDS, trace), "-P", join(directory, FIRST_SEGMENT)];
    const second = start({ under, flags: ["--http-port", "0"] });
    const told = (): string => second.told;
    const hasBegun = (): boolean =>
      existsSync(trace) && /pread64/.test(readFileSync(trace, "utf8"));
    await until("it reads the journal", hasBegun, told);
    second.signal("SIGTERM");
    await until("it gives up", () => second.complaints.length > 0, told);
    process.kill(tracerOf(second.pid), "SIGKILL"); // which would hold what is left of the process
    expect(await second.ended).toBe("SIGKILL");
    // strace itself may complain of the thread that went while it was held.
    expect(second.complaints.filter((line) => !/^\S*strace: /.test(line))).toEqual([
      "homemaker: what was being started did not stop in time, ending at once",
    ]);
  },
);

/** The process that traces this one. */
function tracerOf(pid: number): number {
  return Number(/^TracerPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

test.for(["sync", "interval", "os"] as const)(
  "told to stop under load at level %s, it exits with 0 and loses nothing that it answered",
  { timeout: TIMEOUT_MS },
  async (level) => {
    const ledger = new Ledger();
    for (let round = 0; round < 3; round++) {
      const server = await serving({ level, threads: 2, shards: 2 });
      const client = await talkTo(server);
      const putting = put(client, ledger, JOBS / 4);
      await pause(10 * (round + 1));
      expect(await server.stop()).toBe(0);
      await putting;
    }
    const last = await serving({ level });
    await inspect(last, ledger);
    expect(ledger.promises).toBeGreaterThan(0);
  },
);

test("a directory that another server uses is refused with one line, which names it", async () => {
  const first = await serving();
  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.output).toBe("");
  expect(second.complaints).toEqual([
    `homemaker: ${directory}: another server uses it (${readFileSync(join(directory, "lock"), "utf8").trim()})`,
  ]);
  expect(first.ending).toBeUndefined();
  await first.kill();
  await serving(); // the lease went with the process
});

test("a journal of a newer version is refused with one line, and nothing of it is touched", async () => {
  const first = await serving();
  await put(await talkTo(first), new Ledger(), 10);
  expect(await first.stop()).toBe(0);
  const name = readdirSync(directory).find((file) => file.startsWith("journal."));
  const path = join(directory, name ?? "");
  const bytes = readFileSync(path);
  writeNewerVersion(bytes);
  writeFileSync(path, bytes);
  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.complaints).toEqual([expect.stringMatching(/^homemaker: .*format 99/)]);
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test(
  "what stats says about the journal is said of what was written",
  { timeout: TIMEOUT_MS },
  async () => {
    const server = await serving({ level: "sync" });
    const client = await talkTo(server);
    await put(client, new Ledger(), 100);
    expect(await statistic(client, "binlog-records-written")).toBe("100");
    const figures = ["journal-live-bytes", "journal-syncs", "journal-bytes", "journal-segments"];
    for (const key of [...figures, "binlog-oldest-index", "binlog-current-index"]) {
      await until(`${key} is not 0`, async () => Number(await statistic(client, key)) > 0);
    }
    await client.line("delete 1");
    expect(await statistic(client, "binlog-records-written")).toBe("101");
  },
);

/** A line of `stats`. */
async function statistic(client: Conversation, key: string): Promise<string> {
  const body = (await client.ask("stats"))?.body?.toString() ?? "";
  return new RegExp(`^${key}: (.*)$`, "m").exec(body)?.[1] ?? "";
}

test.for(["killed", "stopped"] as const)(
  "on a file system that may only be read, jobs of a server that was %s can be looked at; once it can be written, all goes on",
  { timeout: TIMEOUT_MS, tags: ["mounts"] },
  async (how) => {
    const disk = new SmallDisk(8 * 1_048_576);
    try {
      const first = await serving({ directory: disk.directory });
      const ledger = new Ledger();
      await put(await talkTo(first), ledger, 100);
      if (how === "killed") await first.kill();
      else expect(await first.stop()).toBe(0);
      const before = filesOf(disk.directory);
      disk.remount("ro");

      const second = await serving({ directory: disk.directory, threads: 2, shards: 4 });
      await until("it is said", () => /EROFS.*the journal cannot be written/.test(second.errors));
      const client = await talkTo(second);
      expect(await statistic(client, "current-jobs-ready")).toBe("100");
      expect(await statistic(client, "journal-read-only")).toBe("true");
      expect(await client.line("peek 1")).toMatch(/^FOUND 1 /);
      expect(await client.line("peek-ready")).toMatch(/^FOUND 1 /);
      expect(await client.line("stats-job 100")).toMatch(/^OK /);
      const refused = ["reserve", "reserve-with-timeout 0", "reserve-job 1", "delete 1", "kick 1"];
      refused.push("kick-job 1", "release 1 0 0", "bury 1 0", "flush-tube default");
      const lines = await Promise.all(refused.map((command) => client.line(command)));
      expect(new Set(lines)).toEqual(new Set(["OUT_OF_MEMORY"]));
      expect(await client.line("put 0 0 60 1", Buffer.from("x"))).toBe("OUT_OF_MEMORY");
      expect(await statistic(client, "current-jobs-ready")).toBe("100");
      expect(filesOf(disk.directory)).toEqual(before);

      disk.remount("rw");
      await until("it can be written", async () => {
        return (await statistic(client, "journal-read-only")) === "false";
      });
      expect(readdirSync(disk.directory)).toContain("lock.socket");
      await inspect(second, ledger); // which puts a job and deletes it
      await put(client, ledger, 50);
      await second.kill();
      const third = await serving({ directory: disk.directory });
      await inspect(third, ledger);
      expect(await third.stop()).toBe(0);
    } finally {
      for (const server of servers.splice(0)) await server.kill();
      disk.remove();
    }
  },
);

test(
  "a server on a file system that may only be read stops as any other",
  { tags: ["mounts"] },
  async () => {
    const disk = new SmallDisk(8 * 1_048_576);
    try {
      disk.remount("ro"); // there is no journal yet
      const server = await serving({ directory: disk.directory });
      const client = await talkTo(server);
      expect(await client.line("peek-ready")).toBe("NOT_FOUND");
      expect(await server.stop()).toBe(0);
      expect(server.complaints).toEqual([]);
    } finally {
      disk.remove();
    }
  },
);

test("a directory with a beanstalkd's log and no journal is refused, and nothing is changed in it", async () => {
  writeFileSync(join(directory, "binlog.3"), "");
  writeFileSync(join(directory, "lock"), "");
  const before = filesOf(directory);
  const server = start();
  expect(await server.ended).toBe(1);
  expect(server.complaints).toEqual([
    `homemaker: ${directory}: it holds the log of a beanstalkd, not a journal; ` +
      `make one of it with: homemaker import ${directory} --data NEW-DIRECTORY`,
  ]);
  expect(filesOf(directory)).toEqual(before);
});

test("where a beanstalkd's log lies beside a journal, the journal is served and that is said", async () => {
  const ledger = new Ledger();
  const first = await serving();
  await put(await talkTo(first), ledger, 10);
  await first.stop();
  writeFileSync(join(directory, "binlog.1"), "");
  const second = await serving();
  await inspect(second, ledger);
  expect(second.errors).toContain("beside the journal lies a beanstalkd's log");
});

/** Names and contents. */
function filesOf(path: string): readonly (readonly [string, string])[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, hashOf(readFileSync(join(path, name)))]);
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Says in the header, which stands there twice, that only a reader of version 99 may read on. */
function writeNewerVersion(bytes: Buffer): void {
  for (const header of [0, 2048]) {
    bytes.writeUInt16LE(99, header + 12);
    bytes.writeUInt16LE(99, header + 14);
    bytes.writeUInt32LE(crc32c(bytes.subarray(header + 12, header + 128)), header + 8);
  }
}

/** CRC-32C as anybody would write it. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
