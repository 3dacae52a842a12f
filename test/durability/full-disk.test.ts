/*
 * A full disk: puts are refused, everything that drains goes on, nothing that was promised is lost,
 * and it heals by itself.
 *
 * @module-tag mounts
 */
import { randomInt } from "node:crypto";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { Random } from "../support/random.ts";
import { Conversation } from "../support/conversation.ts";
import { bodyOf, Ledger, putLine, slices } from "./ledger.ts";
import type { Job } from "./ledger.ts";
import { ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";
import type { Launch } from "./server-with-data.ts";
import { SmallDisk } from "./small-disk.ts";

const SEED = Number(process.env["FULL_DISK_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `FULL_DISK_SEED=${SEED} npx vitest run test/durability/full-disk.test.ts`;
const DISK_BYTES = 32 * 1_048_576;
/** Longer than a ring, so that what is in it when the disk is full has a place. */
const SEGMENT_SIZE = "4MiB";
const PATIENCE_MS = 240_000;
/** Puts on their way at once: more than the journal writes between two looks at the disk. */
const BURST = 500;
/** How a disk may be filled. */
const FILLED = [
  { level: "sync", bodyBytes: 2000 },
  { level: "interval", bodyBytes: 60_000 },
  { level: "os", bodyBytes: 60 },
] as const;

let disk: SmallDisk;
let ledger: Ledger;
let random: Random;
let server: ServerWithData;
const servers: ServerWithData[] = [];
let client: Conversation;

beforeEach(() => {
  disk = new SmallDisk(DISK_BYTES);
  ledger = new Ledger();
  random = new Random(SEED);
});
afterEach(async () => {
  for (const one of servers.splice(0)) await one.kill();
  disk.remove();
});

async function start(launch: Partial<Launch> = {}): Promise<void> {
  server = await ServerWithData.serving({
    directory: disk.directory,
    threads: 2,
    shards: 1,
    segmentSize: SEGMENT_SIZE,
    ...launch,
  });
  servers.push(server);
  client = new Conversation(await server.connect());
}

/** One put with a body of up to `most` bytes. Returns the job, refused or not. */
async function put(most: number): Promise<Job> {
  const job = ledger.begin({
    tube: "default",
    priority: 0,
    delaySeconds: 0,
    ttrSeconds: 600,
    bodyBytes: random.between(0, most),
  });
  ledger.putAnswered(job, (await client.ask(putLine(job), bodyOf(job)))?.line);
  return job;
}

/** Puts until puts are refused. */
async function fill(bodyBytes: number): Promise<void> {
  const burst = Array.from({ length: BURST }, () => bodyBytes);
  for (;;) {
    const jobs = await Promise.all(burst.map(put));
    if (client.isOver) throw new Error(`the server ended: ${server.told}`);
    if (jobs.at(-1)?.isRefused === true) return;
  }
}

async function remove(jobs: readonly Job[]): Promise<void> {
  for (const some of slices(jobs)) {
    for (const job of some) ledger.beginDelete(job);
    const lines = await Promise.all(some.map(({ id }) => client.line(`delete ${id}`)));
    for (const [at, job] of some.entries()) ledger.deleteAnswered(job, lines[at]);
    expect(new Set(lines)).toEqual(new Set(["DELETED"]));
  }
}

/** Puts are taken again, without anybody's doing. */
async function heals(): Promise<void> {
  await until(
    "puts are taken again",
    async () => !(await put(50)).isRefused,
    () => server.told,
  );
}

/** What `stats` says now, by key. */
async function figures(): Promise<(key: string) => number> {
  const said = (await client.ask("stats"))?.body?.toString() ?? "";
  return (key) => Number(new RegExp(`^${key}: (\\d+)$`, "m").exec(said)?.[1]);
}

function shuffled(jobs: readonly Job[]): Job[] {
  return jobs
    .map((job) => ({ job, at: random.word() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ job }) => job);
}

test.for(someOf(FILLED, 1, SEED))(
  `at level $level with bodies of up to $bodyBytes bytes, a full disk takes no puts and drains (${REPLAY})`,
  { timeout: PATIENCE_MS },
  async ({ level, bodyBytes }) => {
    await start({ level });
    await fill(bodyBytes);
    const full = ledger.promisedJobs.length;
    expect(full).toBeGreaterThan(50);

    const reserved = await client.ask("reserve-with-timeout 0");
    const job = ledger.reserved(reserved?.line ?? "", reserved?.body ?? Buffer.alloc(0));
    expect(job).toBeDefined();
    expect(await client.line(`bury ${job?.id} 0`)).toBe("BURIED");
    expect(await client.line(`peek ${job?.id}`)).toMatch(/^FOUND /);
    expect(await client.line("kick 1")).toBe("KICKED 1");
    const again = await client.ask("reserve-with-timeout 0");
    expect(await client.line(`release ${again?.line.split(" ")[1]} 0 0`)).toBe("RELEASED");
    expect(await client.line("stats")).toMatch(/^OK /);

    await server.kill();
    await start({ level, threads: 1, shards: 1 }); // on the full disk
    await ledger.inspect(client, true);
    expect(ledger.problems).toEqual([]);
    expect(ledger.promisedJobs).toHaveLength(full);

    await remove(shuffled(ledger.promisedJobs));
    await heals();
    await until("all of the space is back", async () => {
      await fill(bodyBytes); // and it is full once more
      return ledger.promisedJobs.length > full / 2;
    });
    await ledger.inspect(client, true);
    expect(ledger.problems).toEqual([]);
    expect(await server.stop()).toBe(0);
    await start({ level });
    await ledger.inspect(client, true);
    expect(ledger.problems).toEqual([]);
    expect(server.complaints).toEqual([]);
  },
);

test(
  `when every third job of a full disk is deleted, puts are taken again (${REPLAY})`,
  { timeout: PATIENCE_MS },
  async () => {
    await start({ level: "sync", segmentSize: "2MiB" });
    while (!(await put(60_000)).isRefused);
    const gone = ledger.promisedJobs.filter((_, at) => at % 3 === 0);
    await remove(gone);
    let back = 0;
    await until(
      "half of the place is used again",
      async () => {
        while (!(await put(60_000)).isRefused) back++;
        return back >= gone.length / 2;
      },
      () => `${back} of ${gone.length}: ${server.told}`,
    );
    await server.kill();
    await start();
    await ledger.inspect(client, true);
    expect(ledger.problems).toEqual([]);
  },
);

test(
  `on a disk without space for a segment a server shows its jobs, and goes on by itself when there is space (${REPLAY})`,
  { timeout: PATIENCE_MS },
  async () => {
    await start({ level: "os" });
    await Promise.all(Array.from({ length: BURST }, () => put(1000)));
    await server.kill();
    const files = readdirSync(disk.directory).filter((name) => name.startsWith("spare."));
    for (const name of files) rmSync(join(disk.directory, name));
    const ballast = join(disk.directory, "ballast");
    writeFileSync(ballast, Buffer.alloc(disk.freeBytes - 65_536));

    for (let boots = 0; boots < 3; boots++) {
      await start({ level: "sync" });
      expect(await client.line("peek 1")).toMatch(/^FOUND /);
      expect(await client.line("delete 1")).toBe("OUT_OF_MEMORY");
      expect((await put(10)).isRefused).toBe(true);
      await until("it is said", () => server.errors.includes("the journal cannot be written"));
      await server.kill();
    }
    expect(readdirSync(disk.directory).filter((name) => name.startsWith("journal."))).toHaveLength(
      1,
    );

    await start({ level: "sync" });
    rmSync(ballast);
    await heals();
    await remove(ledger.promisedJobs.slice(0, 100));
    await server.kill();
    await start();
    await ledger.inspect(client, true);
    expect(ledger.problems).toEqual([]);
  },
);

test(
  `a backlog whose bodies are on the disk alone drains when the disk is full (${REPLAY})`,
  { timeout: PATIENCE_MS },
  async () => {
    await start({ level: "sync", flags: ["--memory", "1MiB"] });
    await fill(20_000);
    const all = ledger.promisedJobs.length;
    const before = await figures();
    expect(before("current-away-bytes")).toBeGreaterThan(DISK_BYTES / 4);
    const readBack = before("bodies-read-back");

    for (let drained = 0; drained < all; drained += BURST) {
      const count = Math.min(BURST, all - drained);
      const reserves = Array.from({ length: count }, () => client.ask("reserve-with-timeout 0"));
      const answers = await Promise.all(reserves);
      const jobs = answers.map((answer) =>
        ledger.reserved(answer?.line ?? "", answer?.body ?? Buffer.alloc(0)),
      );
      await remove(jobs.filter((job) => job !== undefined));
    }
    expect(ledger.problems).toEqual([]);
    expect(ledger.promisedJobs).toEqual([]);
    expect((await figures())("bodies-read-back") - readBack).toBeGreaterThan(all / 2);
    await heals();
  },
);
