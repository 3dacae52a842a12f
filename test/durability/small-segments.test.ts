/*
 * A small disk and small segments: a server takes nearly as many jobs as beanstalkd does on the
 * same file system, and what it keeps free suffices for all that drains them.
 *
 * @module-tag mounts
 * @module-tag beanstalkd
 */
import { randomInt } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { Random } from "../support/random.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { Conversation } from "../support/conversation.ts";
import { bodyOf, Ledger, putLine, slices } from "./ledger.ts";
import type { Job } from "./ledger.ts";
import { ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";
import { SmallDisk } from "./small-disk.ts";

const SEED = Number(process.env["SMALL_SEGMENTS_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `SMALL_SEGMENTS_SEED=${SEED} npx vitest run test/durability/small-segments.test.ts`;
const MIB = 1_048_576;
const BODY_BYTES = 20_000;
/** Of the jobs that beanstalkd takes a server must take so many. */
const SHARE = 0.8;
const TUBES = 8;
/** Rounds in which every job is taken, buried or released, and kicked. */
const ROUNDS = 5;
const PATIENCE_MS = 240_000;
/** Puts of each connection of a storm, all at once. */
const STORM = 100;
const CONNECTIONS = 4;
const DISKS = [
  { mebibytes: 6, flags: ["--threads", "1", "--shards", "1"] },
  { mebibytes: 6, flags: ["--threads", "2"] },
  { mebibytes: 24, flags: ["--threads", "1", "--shards", "1"] },
  { mebibytes: 24, flags: ["--threads", "2"] },
];

let disk: SmallDisk;
let ledger: Ledger;
let random: Random;
const servers: ServerWithData[] = [];

beforeEach(() => {
  ledger = new Ledger();
  random = new Random(SEED);
});
afterEach(async () => {
  for (const one of servers.splice(0)) await one.kill();
  disk.remove();
});

/** How many jobs beanstalkd takes on a disk of its own. */
async function countOfBeanstalkd(mebibytes: number): Promise<number> {
  const own = new SmallDisk(mebibytes * MIB);
  const server = await startBeanstalkd({ flags: ["-b", own.directory, "-s", String(MIB)] });
  try {
    const client = new Conversation(await server.connect());
    const body = Buffer.alloc(BODY_BYTES, "x");
    let count = 0;
    while ((await client.ask(`put 0 0 60 ${BODY_BYTES}`, body))?.line !== "OUT_OF_MEMORY") count++;
    return count;
  } finally {
    await server.stop();
    own.remove();
  }
}

async function start(flags: readonly string[]): Promise<ServerWithData> {
  const server = await ServerWithData.serving({
    directory: disk.directory,
    level: "sync",
    segmentSize: "1MiB",
    flags,
  });
  servers.push(server);
  return server;
}

/** Puts a job into one of the tubes. */
async function put(client: Conversation, tube: string): Promise<Job> {
  const job = ledger.begin({
    tube,
    priority: 0,
    delaySeconds: 0,
    ttrSeconds: 600,
    bodyBytes: BODY_BYTES,
  });
  const used = client.line(`use ${tube}`);
  const putting = client.ask(putLine(job), bodyOf(job));
  await used;
  ledger.putAnswered(job, (await putting)?.line);
  return job;
}

/**
 * Puts one job after the other, into many tubes, until one is refused; returns how many were not.
 */
async function fill(client: Conversation): Promise<number> {
  for (let count = 0; ; count++) {
    if ((await put(client, `t${count % TUBES}`)).isRefused) return count;
  }
}

/** Many puts on many connections at once, whatever comes of them. */
async function storm(server: ServerWithData): Promise<void> {
  const puts = Array.from({ length: CONNECTIONS }, async (_, at) => {
    const client = new Conversation(await server.connect());
    await Promise.all(Array.from({ length: STORM }, () => put(client, `t${at}`)));
  });
  await Promise.all(puts);
}

/** Takes each job and buries or releases it, and then kicks all that are buried. */
async function stir(client: Conversation, jobs: readonly Job[]): Promise<void> {
  const changes = jobs.map(async (job) => {
    const isBuried = random.oneIn(2);
    const command = isBuried ? `bury ${job.id} 7` : `release ${job.id} 9 0`;
    const taken = ledger.beginChange(job, `reserve-job ${job.id}`);
    const reserving = client.ask(`reserve-job ${job.id}`);
    const changed = ledger.beginChange(job, command);
    const changing = client.line(command);
    const reserved = await reserving;
    ledger.reserved(reserved?.line ?? "", reserved?.body ?? Buffer.alloc(0));
    taken(false);
    expect(await changing).toBe(isBuried ? "BURIED" : "RELEASED");
    changed(isBuried);
    if (!isBuried) return;
    const kicked = ledger.beginChange(job, `kick-job ${job.id}`);
    expect(await client.line(`kick-job ${job.id}`)).toBe("KICKED");
    kicked(false);
  });
  await Promise.all(changes);
}

async function remove(client: Conversation, jobs: readonly Job[]): Promise<void> {
  for (const some of slices(jobs)) {
    for (const job of some) ledger.beginDelete(job);
    const lines = await Promise.all(some.map(({ id }) => client.line(`delete ${id}`)));
    for (const [at, job] of some.entries()) ledger.deleteAnswered(job, lines[at]);
    expect(new Set(lines)).toEqual(new Set(["DELETED"]));
  }
}

test.for(someOf(DISKS, 2, SEED))(
  `on $mebibytes MiB with $flags a server takes at least 0.8 times what beanstalkd does, and drains (${REPLAY})`,
  { timeout: PATIENCE_MS },
  async ({ mebibytes, flags }) => {
    const theirs = await countOfBeanstalkd(mebibytes);
    disk = new SmallDisk(mebibytes * MIB);
    let server = await start(flags);
    let client = new Conversation(await server.connect());
    const restart = async (): Promise<void> => {
      await server.kill();
      server = await start(flags);
      client = new Conversation(await server.connect());
      await ledger.inspect(client, true);
      expect(ledger.problems).toEqual([]);
    };

    const ours = await fill(client);
    console.log(`${mebibytes} MiB, ${flags.join(" ")}: ${ours} jobs, beanstalkd ${theirs}`);
    expect(ours).toBeGreaterThanOrEqual(SHARE * theirs);
    await storm(server); // the reserve is not for puts, however many come at once
    await restart(); // on the full disk
    for (let round = 0; round < ROUNDS; round++) await stir(client, ledger.promisedJobs);
    await restart();
    const order = ledger.promisedJobs.map((job) => ({ job, at: random.word() }));
    const shuffled = order.toSorted((a, b) => a.at - b.at).map(({ job }) => job);
    await remove(client, shuffled);
    await until(
      "puts are taken again, as many as before",
      async () => {
        const count = await fill(client);
        await remove(client, ledger.promisedJobs);
        return count >= SHARE * theirs;
      },
      () => server.told,
    );
    await restart();
    expect(server.complaints).toEqual([]);
  },
);
