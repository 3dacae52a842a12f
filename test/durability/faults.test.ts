/* Faults of real system calls, made by strace: an error of the disk ends the server with a clear
 * line, and whatever was answered holds.
 *
 * Only calls on files of the data directory are hit. The ledger judges what the next server finds.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFully } from "../../src/journal/segment-file.ts";
import type { StorageFile } from "../../src/storage.ts";
import { NodeStorage } from "../../src/storage/node-fs.ts";
import { Random } from "../support/random.ts";
import { program } from "../support/programs.ts";
import { overSockets } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { Crowd } from "./crowd.ts";
import { Ledger } from "./ledger.ts";
import { ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";

const CLIENTS = 4;
const TIMEOUT_MS = 60_000;

let directory: string;
const servers: ServerWithData[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-faults-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  rmSync(directory, { recursive: true });
});

/** Starts a server of which some system calls on its journal go wrong. */
function startUnder(inject: string, level: "sync" | "interval" | "os"): ServerWithData {
  const [call = ""] = inject.split(":");
  // -D: the server is our child and strace its grandchild, so that signals and exit codes are the
  // server's own.
  const under = [
    program("strace"),
    "-D",
    "-f",
    "-qq",
    "-o",
    join(tmpdir(), "homemaker-strace.log"),
  ];
  under.push("-e", `trace=${call}`, "-e", `inject=${inject}`);
  const server = new ServerWithData({ directory, level, threads: 1, shards: 2, under });
  servers.push(server);
  return server;
}

/** What another server finds, judged. */
async function expectKept(ledger: Ledger): Promise<void> {
  const next = await ServerWithData.serving({ directory, threads: 2, shards: 4 });
  servers.push(next);
  const client = new Conversation(await next.connect());
  await ledger.inspect(client, true);
  expect(ledger.problems).toEqual([]);
  expect(next.errors).not.toContain("is damaged");
  expect(await next.stop()).toBe(0);
}

test.for([
  // Syncs before the server serves are those of spares and of its first segment.
  { what: "a sync fails", inject: "fdatasync:error=EIO:when=20+", level: "sync" },
  { what: "a sync by the timer fails", inject: "fdatasync:error=EIO:when=20+", level: "interval" },
  { what: "a write fails", inject: "pwritev:error=EIO:when=40+", level: "sync" },
  { what: "a write fails at level os", inject: "pwritev:error=EIO:when=60+", level: "os" },
] as const)(
  "$what: the server ends with a clear line, and nothing that was answered is lost",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async ({ inject, level }) => {
    const ledger = new Ledger();
    const server = startUnder(inject, level);
    await server.serves();
    const crowd = await Crowd.gather(
      overSockets(() => server.connect()),
      ledger,
      new Random(7),
      CLIENTS,
    );
    await until(
      "the fault ends the server",
      () => server.ending !== undefined,
      () => server.told,
    );
    await crowd.isOver();
    expect(server.ending).not.toBe(0);
    expect(server.complaints).toHaveLength(1);
    expect(server.complaints[0]).toMatch(/^homemaker: the journal failed: StorageError: .*: EIO/);
    expect(ledger.promises).toBeGreaterThan(0);
    await expectKept(ledger);
  },
);

test.for([
  { error: "ENOSPC", level: "sync" },
  { error: "EDQUOT", level: "sync" }, // for which Node has no name
  { error: "EFBIG", level: "os" },
] as const)(
  "there is no space for a frame ($error, level $level): puts are refused, the server lives, and goes on when there is",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async ({ error, level }) => {
    const ledger = new Ledger();
    const server = startUnder(`pwritev:error=${error}:when=40..60`, level);
    await server.serves();
    const crowd = await Crowd.gather(
      overSockets(() => server.connect()),
      ledger,
      new Random(7),
      CLIENTS,
    );
    await until(
      "it is said",
      () => server.errors.includes("no space for the journal"),
      () => server.told,
    );
    await until(
      "it goes on",
      () => server.errors.includes("there is space for the journal again"),
      () => server.told,
    );
    const before = ledger.promises;
    await until(
      "more is answered",
      () => ledger.promises > before + 100,
      () => server.told,
    );
    expect(server.ending).toBe(undefined);
    await server.kill();
    await crowd.isOver();
    await expectKept(ledger);
  },
);

/** Blocks at the beginning of a segment that the device refuses to read. */
const UNREADABLE_BLOCKS = 10;
/** Bytes of one of these blocks. */
const BLOCK_BYTES = 4096;
/** Bytes that a job takes in them. */
const JOB_BYTES = 288;
const JOBS = 2000;

/** A server on a journal of which the first blocks of the first segment cannot be read. */
function startOnBadBlocks(flags: readonly string[]): ServerWithData {
  // The first two reads are the header's and the first frame's; then the whole, a large piece and
  // the blocks one by one.
  const inject = `pread64:error=EIO:when=3..${UNREADABLE_BLOCKS + 4}`;
  const path = join(directory, "journal.0000000001");
  const under = [
    program("strace"),
    "-D",
    "-f",
    "-qq",
    "-o",
    join(tmpdir(), "homemaker-strace.log"),
  ];
  under.push("-P", path, "-e", "trace=pread64", "-e", `inject=${inject}`);
  const server = new ServerWithData({ directory, threads: 1, shards: 1, under, flags });
  servers.push(server);
  return server;
}

test(
  "what the device cannot read of a segment harms only what lies there, and is said",
  { timeout: TIMEOUT_MS, tags: ["strace"] },
  async () => {
    const first = await ServerWithData.serving({ directory, threads: 1, shards: 1 });
    servers.push(first);
    const client = new Conversation(await first.connect());
    const bodyOf = (at: number): Buffer => Buffer.alloc(200, `${at} `);
    const put = async (at: number): Promise<string> => client.line("put 0 0 60 200", bodyOf(at));
    const ids = await Promise.all(Array.from({ length: JOBS }, (_, at) => put(at + 1)));
    expect(ids.at(-1)).toBe(`INSERTED ${JOBS}`);
    expect(await first.stop()).toBe(0);

    const strict = startOnBadBlocks(["--recovery", "strict"]);
    expect(await strict.ended).toBe(1);
    expect(strict.complaints).toEqual([expect.stringMatching(/^homemaker: .*journal.*: EIO/)]);

    const second = startOnBadBlocks([]);
    await second.serves();
    expect(second.errors).toContain("the device cannot read all of the journal");
    const again = new Conversation(await second.connect());
    const answers = await Promise.all(
      Array.from({ length: JOBS }, (_, at) => again.ask(`peek ${at + 1}`)),
    );
    const lost = answers.filter((answer) => answer?.body === undefined).length;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual((UNREADABLE_BLOCKS * BLOCK_BYTES) / JOB_BYTES);
    for (const [at, answer] of answers.entries()) {
      if (answer?.body !== undefined) expect(answer.body).toEqual(bodyOf(at + 1));
    }
    await until("the segment is put aside", () =>
      readdirSync(directory).includes("quarantine.0000000001"),
    );
    expect(await second.stop()).toBe(0);
  },
);

test("short writes are continued where they ended", () => {
  const whole = new Random(9).bytes(10_000);
  const name = join(directory, "short");
  const file = new NodeStorage(directory).create("short");
  const short: StorageFile = {
    size: 0,
    read: (position, into) => file.read(position, into),
    write: (position, [first]) => file.write(position, [first?.subarray(0, 7) ?? whole]),
    sync: () => file.sync(),
    close: () => file.close(),
  };
  const pieces = [whole.subarray(0, 3), whole.subarray(3, 5000), whole.subarray(5000)];
  expect(writeFully(short, 0, pieces)).toBe(whole.length);
  file.close();
  expect(readFileSync(name).equals(whole)).toBe(true);
});
