/* `homemaker import` on logs that a real beanstalkd wrote before it was killed: our server on the
 * journal and beanstalkd on its own log, both started anew, must tell the same about every job.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importBinlog } from "../../src/cli/import.ts";
import { verify } from "../../src/cli/verify.ts";
import { runCommand } from "./command.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { IMPORTED_ID_MAX } from "../../src/journal/binlog.ts";
import { Conversation } from "../support/conversation.ts";
import type { Answer } from "../support/conversation.ts";
import { madeEnd, madeJob, madeLog } from "./made-log.ts";
import { recorder } from "./recorder.ts";
import { SmallJournal } from "./small-journal.ts";

const SEGMENT_BYTES = 4_194_304;
/** The servers are asked one after the other; every delay in these tests is longer by far. */
const SECONDS_APART = 60;

let root = "";
let log = "";
let data = "";
const servers: ServerProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "import-"));
  log = join(root, "log");
  data = join(root, "data");
  mkdirSync(log);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(root, { recursive: true });
});

async function beanstalkd(directory = log, ...flags: string[]): Promise<ServerProcess> {
  const server = await startBeanstalkd({ flags: ["-b", directory, ...flags] });
  servers.push(server);
  return server;
}

async function homemaker(directory = data): Promise<ServerProcess> {
  const server = await startHomemaker({
    threads: 1,
    flags: ["--data", directory, "--segment-size", String(SEGMENT_BYTES)],
  });
  servers.push(server);
  return server;
}

/** Runs the import in this process. */
async function importLog(salvages = false): Promise<{
  code: number;
  printed: readonly string[];
  complaints: readonly string[];
}> {
  const { runtime, printed, complaints } = recorder();
  const segmentBytes = SEGMENT_BYTES;
  const command = { kind: "import", from: log, to: data, segmentBytes, salvages } as const;
  return { code: await importBinlog(command, runtime), printed, complaints };
}

/** What a server tells about a job, as far as it is kept across a restart. */
interface Told {
  readonly stats: readonly (string | undefined)[];
  /** A hash. */
  readonly body: string;
  /** Age and the time left of a delay: two servers tell them a moment apart. */
  readonly seconds: readonly number[];
}

async function jobsOf(server: ServerProcess, lastId: number): Promise<readonly Told[]> {
  const conversation = await Conversation.with(server);
  const jobs: Told[] = [];
  for (let id = 1; id <= lastId; id++) {
    const stats = await conversation.dictionary(`stats-job ${id}`);
    if (stats === undefined) continue;
    const { body } = await conversation.answer(`peek ${id}`);
    jobs.push({
      stats: ["id", "tube", "state", "pri", "delay", "ttr"].map((key) => stats.get(key)),
      body: createHash("sha256")
        .update(body ?? "")
        .digest("hex"),
      seconds: ["age", "time-left"].map((key) => Number(stats.get(key))),
    });
  }
  return jobs;
}

/** Both servers on what the killed beanstalkd left tell the same. */
async function expectSameJobs(lastId: number): Promise<void> {
  const copy = join(root, "copy");
  cpSync(log, copy, { recursive: true });
  for (const name of readdirSync(copy)) chmodSync(join(copy, name), 0o600);
  const theirs = await jobsOf(await beanstalkd(copy), lastId);
  const ours = await jobsOf(await homemaker(), lastId);
  expect(theirs.length).toBeGreaterThan(0);
  const exact = (jobs: readonly Told[]): unknown =>
    jobs.map(({ stats, body }) => ({ stats, body }));
  expect(exact(ours)).toEqual(exact(theirs));
  const apart = ours.flatMap(({ seconds }, job) =>
    seconds.map((one, at) => Math.abs(one - (theirs[job]?.seconds[at] ?? Infinity))),
  );
  expect(Math.max(...apart)).toBeLessThan(SECONDS_APART);
}

/** Puts, and everything that beanstalkd writes into its log about jobs. */
async function workOn(server: ServerProcess, jobs: number, bodyBytes: number): Promise<void> {
  const conversation = await Conversation.with(server);
  const ask = (command: string, body?: Buffer): Promise<Answer> =>
    conversation.answer(command, body);
  for (const tube of ["first", "second"]) await ask(`watch ${tube}`);
  for (let n = 1; n <= jobs; n++) {
    await ask(`use ${["default", "first", "second"][n % 3]}`);
    const body = Buffer.from(`${n}`.padEnd(bodyBytes, "xyz\0"));
    const delaySeconds = n % 5 === 0 ? 1000 + n : 0;
    const { line } = await ask(`put ${n % 7} ${delaySeconds} ${60 + n} ${body.length}`, body);
    expect(line).toBe(`INSERTED ${n}`);
  }
  for (let n = 1; n <= jobs / 2; n++) {
    const { line } = await ask("reserve-with-timeout 0");
    const id = /^RESERVED (\d+)/.exec(line)?.[1] ?? "";
    const fates = [
      `delete ${id}`,
      `bury ${id} ${n}`,
      `release ${id} ${n} ${2000 + n}`,
      `touch ${id}`,
    ];
    await ask(fates[n % fates.length] ?? "");
  }
  for (const tube of ["first", "second"]) {
    await ask(`use ${tube}`);
    await ask("kick 2");
  }
  const { body } = await ask("peek-delayed");
  expect(body).toBeDefined();
}

describe("the jobs of a beanstalkd that was killed", { tags: ["beanstalkd"] }, () => {
  it("come back with their tube, state, priority, delay, ttr, age and body, and ids go on behind theirs", async () => {
    const server = await beanstalkd();
    await workOn(server, 60, 20);
    await server.stop();
    const { code, printed, complaints } = await importLog();
    expect({ code, complaints }).toEqual({ code: 0, complaints: [] });
    expect(printed.join()).toMatch(/^imported \d+ jobs .* into .*; ids go on at 61$/);
    await expectSameJobs(60);
    const conversation = await Conversation.with(await homemaker(join(root, "other")));
    expect(await conversation.answer("put 0 0 1 0", Buffer.alloc(0))).toMatchObject({
      line: "INSERTED 1",
    });
  });

  it("come back from a log of many files, with jobs in every one of them", async () => {
    const server = await beanstalkd(log, "-s", "8192");
    await workOn(server, 300, 1000);
    await server.stop();
    expect(readdirSync(log).length).toBeGreaterThan(10);
    expect(await importLog()).toMatchObject({ code: 0, complaints: [] });
    await expectSameJobs(300);
  });

  it("come back into several segments, which are sound", async () => {
    const server = await beanstalkd();
    await workOn(server, 200, 60_000);
    await server.stop();
    expect(await importLog()).toMatchObject({ code: 0, complaints: [] });
    expect(readdirSync(data).filter((name) => name.startsWith("journal.")).length).toBeGreaterThan(
      1,
    );
    const { runtime } = recorder();
    expect(await verify({ kind: "verify", directory: data, asJson: true }, runtime)).toBe(0);
    await expectSameJobs(200);
  });

  it("keep the next id, although all of them are gone", async () => {
    const server = await beanstalkd();
    const conversation = await Conversation.with(server);
    for (const id of [1, 2]) {
      await conversation.answer("put 0 0 1 1", Buffer.from("x"));
      await conversation.answer(`delete ${id}`);
    }
    await server.stop();
    expect(await importLog()).toMatchObject({ code: 0 });
    const again = await Conversation.with(await homemaker());
    const { line } = await again.answer("put 0 0 1 0", Buffer.alloc(0));
    expect(Number(/^INSERTED (\d+)$/.exec(line)?.[1])).toBeGreaterThanOrEqual(3);
  });
});

describe("an import is refused, and nothing is written,", () => {
  it("while the beanstalkd runs", { tags: ["beanstalkd"] }, async () => {
    const server = await beanstalkd();
    const { code, complaints } = await importLog();
    expect(code).toBe(1);
    expect(complaints).toEqual([
      `homemaker: import: ${log}: process ${server.pid} uses it; stop that beanstalkd first`,
    ]);
    expect(readdirSync(root)).toEqual(["log"]);
  });

  it("into a directory that holds something", { tags: ["beanstalkd"] }, async () => {
    await writeLog();
    mkdirSync(data);
    writeFileSync(join(data, "anything"), "");
    expect(await importLog()).toMatchObject({
      code: 2,
      complaints: [`homemaker: import: ${data}: it must be new or empty`],
    });
    expect(readdirSync(data).filter((name) => name !== "lock")).toEqual(["anything"]);
  });

  it("of a directory without a log", async () => {
    const ending = await runCommand(["import", log, "--data", data]);
    expect(ending).toEqual({
      code: 1,
      stdout: "",
      stderr: `homemaker: import: ${log}: there is no binlog in it`,
    });
    expect(readdirSync(root)).toEqual(["log"]);
  });

  it.each([
    ["/nonexistent", "there is no such directory"],
    ["/etc/passwd", "it is a file, not a directory"],
  ])("of %s: %s", async (path, why) => {
    expect(await runCommand(["import", path, "--data", data])).toEqual({
      code: 2,
      stdout: "",
      stderr: `homemaker: import: ${path}: ${why}`,
    });
    expect(readdirSync(root)).toEqual(["log"]);
  });

  it("of a directory that may not be read", async () => {
    chmodSync(log, 0);
    const ending = await runCommand(["import", log, "--data", data], { obeysModes: true });
    chmodSync(log, 0o700);
    expect(ending).toEqual({
      code: 1,
      stdout: "",
      stderr: `homemaker: import: ${log}: no permission (EACCES) for user ${userInfo().username}`,
    });
  });

  it("of a directory that holds a journal already", async () => {
    (await SmallJournal.open(log)).close();
    expect((await importLog()).complaints).toEqual([
      `homemaker: import: ${log}: it holds a journal, not a beanstalkd's log; start the server with --data on it`,
    ]);
  });

  it(
    "of a log that is damaged, unless what can be read is asked for",
    { tags: ["beanstalkd"] },
    async () => {
      await writeLog();
      const bytes = readLogFile(1);
      bytes.writeInt32LE(4711, 4); // length of the first name
      writeLogFile(1, bytes);
      const { code, complaints } = await importLog();
      expect(code).toBe(1);
      expect(complaints).toEqual([
        expect.stringMatching(
          /^homemaker: import: binlog\.1: at byte 4: no record; \d+ bytes from there on were not read$/,
        ),
        "homemaker: import: nothing was imported; --salvage imports the rest",
      ]);
      expect(readdirSync(root)).toEqual(["log"]);
      const salvaged = await importLog(true);
      expect(salvaged.code).toBe(1);
      expect(salvaged.printed.join()).toMatch(/^imported \d+ jobs/);
    },
  );

  it("of another version", { tags: ["beanstalkd"] }, async () => {
    await writeLog();
    const bytes = readLogFile(1);
    bytes.writeInt32LE(5, 0);
    writeLogFile(1, bytes);
    expect((await importLog()).complaints[0]).toBe(
      "homemaker: import: binlog.1: its version is 5, not 7",
    );
  });

  it("of a log in which a file is missing", { tags: ["beanstalkd"] }, async () => {
    await writeLog();
    rmSync(join(log, "binlog.2"));
    expect((await importLog()).complaints[0]).toBe("homemaker: import: binlog.2: it is missing");
  });

  /** Three files with jobs, as a beanstalkd leaves them. */
  async function writeLog(): Promise<void> {
    const server = await beanstalkd(log, "-s", "4096");
    await workOn(server, 30, 300);
    await server.stop();
    expect(readdirSync(log).length).toBeGreaterThan(3);
  }
});

it(
  "takes over bodies of any length, those that go to the journal in parts too",
  { tags: ["beanstalkd"] },
  async () => {
    const lengths = [120_000, 130_992, 131_001, 300_000, 1_500_000];
    const server = await beanstalkd(log, "-z", "2000000");
    const conversation = await Conversation.with(server);
    for (const length of lengths) {
      await conversation.answer(`put 0 0 1 ${length}`, Buffer.alloc(length, "x"));
    }
    await server.stop();
    expect(await importLog()).toMatchObject({ code: 0 });
    await expectBodies(lengths.length, lengths);
  },
);

describe("a put that was never answered", { tags: ["beanstalkd"] }, () => {
  it.each([
    ["the tube's name", 4 + "default".length - 2],
    ["the struct", 4 + "default".length],
    ["half of the body", 4 + "default".length + 80 + 3],
    ["the body without its line end", 4 + "default".length + 80 + 10],
  ])("is left out and named, where the log ends behind %s", async (_, keptBytes) => {
    const server = await beanstalkd();
    const conversation = await Conversation.with(server);
    for (let n = 0; n < 3; n++)
      await conversation.answer("put 0 0 1 10", Buffer.from("0123456789"));
    await server.stop();
    const bytes = readLogFile(1);
    const recordBytes = 4 + "default".length + 80 + 12;
    bytes.fill(0, 4 + 2 * recordBytes + keptBytes);
    writeLogFile(1, bytes);
    const { code, complaints } = await importLog();
    expect(code).toBe(0);
    expect(complaints).toEqual([
      expect.stringMatching(
        /\d+ bytes at the end, of a put that was never answered, are left out$/,
      ),
    ]);
    await expectBodies(3, [10, 10, undefined]);
  });
});

describe("jobs that no server would have", () => {
  const TOO_HIGH = BigInt(IMPORTED_ID_MAX) + 1n;

  it("are refused one by one, with a word each, and harm no other", async () => {
    const jobs = [
      madeJob({ id: 1n }),
      madeJob({ id: 2n, tube: "a\r\nb" }),
      madeJob({ id: 3n, tube: "a b" }),
      madeJob({ id: 4n, tube: "-a" }),
      madeJob({ id: 5n, tube: "x".repeat(201) }),
      madeJob({ id: 6n, delayNanos: -5_000_000_000n }),
      madeJob({ id: 7n, delayNanos: 4_294_967_296_000_000_000n }),
      madeJob({ id: 8n, ttrNanos: -5_000_000_000n }),
      madeJob({ id: 9n, tube: "fine" }),
      madeJob({ id: TOO_HIGH }),
      madeJob({ id: 2n ** 53n - 1n }),
      madeJob({ id: 2n ** 64n - 1n }),
      madeJob({ id: 2n ** 64n - 2n }),
      madeEnd(2n ** 64n - 2n), // of what is gone nothing is said
    ];
    writeFileSync(join(log, "binlog.1"), madeLog(jobs));
    const { code, complaints } = await importLog();
    expect(code).toBe(1);
    expect(complaints).toEqual(
      [
        'job 2: "a\\r\\nb" is no name of a tube',
        'job 3: "a b" is no name of a tube',
        'job 4: "-a" is no name of a tube',
        `job 5: "${"x".repeat(201)}" is no name of a tube`,
        "job 6: its delay is no number of seconds",
        "job 7: its delay is no number of seconds",
        "job 8: its time to run is no number of seconds",
        "job 4503599627370497: its id is above 4503599627370496",
        "job 9007199254740991: its id is above 4503599627370496",
        "job 18446744073709551615: its id is above 4503599627370496",
        "10 of 12 jobs refused",
        "nothing was imported; --salvage imports the rest",
      ].map((line) => `homemaker: import: ${line}`),
    );
    expect(readdirSync(root)).toEqual(["log"]);
    expect(await importLog(true)).toMatchObject({
      code: 1,
      printed: [expect.stringMatching(/^imported 2 jobs .*; ids go on at 10$/)],
    });
    const conversation = await Conversation.with(await homemaker());
    expect((await conversation.answer("list-tubes")).body?.toString()).toBe(
      "---\n- default\n- fine\n",
    );
    expect(await conversation.answer("put 0 0 1 0", Buffer.alloc(0))).toMatchObject({
      line: "INSERTED 10",
    });
  });

  it("begin behind the highest id that is taken over, and no id is given twice", async () => {
    const highest = BigInt(IMPORTED_ID_MAX);
    writeFileSync(join(log, "binlog.1"), madeLog([madeJob({ id: highest, body: "imported" })]));
    expect(await importLog()).toMatchObject({ code: 0, complaints: [] });
    const conversation = await Conversation.with(await homemaker());
    for (let n = 1n; n <= 3n; n++) {
      const { line } = await conversation.answer("put 0 0 1 1", Buffer.from("x"));
      expect(line).toBe(`INSERTED ${highest + n}`);
    }
    expect((await conversation.answer(`peek ${highest}`)).body?.toString()).toBe("imported");
    const stats = await conversation.dictionary("stats-tube default");
    expect(stats?.get("current-jobs-ready")).toBe("4");
  });
});

/** Our server on the journal has the jobs 1 to `lastId` with bodies of so many bytes. */
async function expectBodies(
  lastId: number,
  lengths: readonly (number | undefined)[],
): Promise<void> {
  const conversation = await Conversation.with(await homemaker());
  const found: (number | undefined)[] = [];
  for (let id = 1; id <= lastId; id++) {
    found.push((await conversation.answer(`peek ${id}`)).body?.length);
  }
  expect(found).toEqual(lengths);
}

function readLogFile(number: number): Buffer {
  return readFileSync(join(log, `binlog.${number}`));
}

function writeLogFile(number: number, bytes: Uint8Array): void {
  const path = join(log, `binlog.${number}`);
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}
