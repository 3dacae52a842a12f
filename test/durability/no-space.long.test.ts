/*
 * No space, told in the ways that file systems have: a spent quota, whose error Node has no name
 * for, and copy on write, where even writing over what is there takes space. Puts are refused, the
 * server lives, nothing that was answered is lost, and it goes on when there is room. A kind of
 * file system that this machine cannot make or mount is skipped, with its word in the test's name.
 * Where files are copied on write, the queue drains all the same, at the price of the spares.
 *
 * @module-tag mounts
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Conversation } from "../support/conversation.ts";
import { bodyOf, Ledger, putLine } from "./ledger.ts";
import type { Job } from "./ledger.ts";
import { LoopDisk, whyNot } from "./loop-disk.ts";
import type { LoopKind } from "./loop-disk.ts";
import { ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";

const MIB = 1_048_576;
const PATIENCE_MS = 300_000;
/** Long enough for a disk to fill in a moment. */
const BODY_BYTES = 40_000;

interface Case extends LoopKind {
  readonly tags?: readonly ["mkfs.btrfs"];
  /** Gives room again. */
  readonly relieve: (disk: LoopDisk) => void;
}

const CASES: readonly Case[] = [
  {
    name: "btrfs, full",
    tags: ["mkfs.btrfs"],
    bytes: 128 * MIB,
    make: ["mkfs.btrfs", "--quiet", "--force", "--mixed"],
    mountOptions: "loop",
    after: [],
    relieve: (disk) => rmSync(join(disk.directory, "ballast")),
  },
  {
    name: "btrfs, quota spent",
    tags: ["mkfs.btrfs"],
    bytes: 128 * MIB,
    make: ["mkfs.btrfs", "--quiet", "--force"],
    mountOptions: "loop",
    after: [
      ["btrfs", "quota", "enable", "DIR"],
      ["btrfs", "qgroup", "limit", String(24 * MIB), "DIR"],
    ],
    relieve: (disk) => disk.run(["btrfs", "qgroup", "limit", String(64 * MIB), "DIR"]),
  },
  {
    name: "ext4, quota spent",
    bytes: 64 * MIB,
    make: ["mkfs.ext4", "-q", "-O", "quota"],
    mountOptions: "loop,usrquota",
    after: [
      ["setquota", "-u", "root", "0", String((24 * MIB) / 1024), "0", "0", "DIR"],
      ["quotaon", "DIR"],
    ],
    relieve: (disk) => disk.run(["setquota", "-u", "root", "0", "60000", "0", "0", "DIR"]),
  },
];

const servers: ServerWithData[] = [];
let disk: LoopDisk | undefined;

afterEach(async () => {
  for (const one of servers.splice(0)) await one.kill();
  disk?.remove();
  disk = undefined;
});

async function put(client: Conversation, ledger: Ledger, bodyBytes: number): Promise<Job> {
  const job = ledger.begin({
    tube: "default",
    priority: 0,
    delaySeconds: 0,
    ttrSeconds: 600,
    bodyBytes,
  });
  const answer = await client.ask(putLine(job), bodyOf(job));
  if (answer === undefined) throw new Error("the server hung up");
  ledger.putAnswered(job, answer.line);
  return job;
}

for (const one of CASES) {
  const why = whyNot(one);
  const because = why === undefined ? "" : ` (skipped: ${why})`;
  test.skipIf(why !== undefined)(
    `${one.name}: puts are refused, the server lives, and goes on when there is room${because}`,
    { timeout: PATIENCE_MS, tags: [...(one.tags ?? [])] },
    async () => {
      disk = new LoopDisk(one);
      const where = disk;
      const ballast = join(where.directory, "ballast");
      if (one.name.includes("full")) {
        writeFileSync(ballast, Buffer.alloc(Math.max(0, where.freeBytes - 24 * MIB), 1));
      }
      const launch = { directory: where.directory, threads: 1, shards: 1, segmentSize: "4MiB" };
      const server = await ServerWithData.serving({ ...launch, level: "sync" });
      servers.push(server);
      const ledger = new Ledger();
      const told = (): string => server.told;
      // Some of the puts are held back when it begins, and answered when it is over.
      const flood = (async (): Promise<void> => {
        while (!server.errors.includes("no space for the journal")) {
          const client = new Conversation(await server.connect());
          for (let n = 0; n < 50; n++) if ((await put(client, ledger, BODY_BYTES)).isRefused) break;
        }
      })();
      await until("it is full", () => server.errors.includes("no space for the journal"), told);
      expect(server.ending).toBe(undefined);
      one.relieve(where);
      await flood;
      await until(
        "puts are taken again",
        async () => {
          const client = new Conversation(await server.connect());
          return !(await put(client, ledger, 100)).isRefused;
        },
        told,
      );
      expect(server.ending).toBe(undefined);
      expect(ledger.promisedJobs.length).toBeGreaterThan(50);
      await server.kill();
      const next = await ServerWithData.serving({ ...launch, level: "sync" });
      servers.push(next);
      const client = new Conversation(await next.connect());
      await ledger.inspect(client, true);
      expect(ledger.problems).toEqual([]);
      expect(await client.line("put 0 0 60 1", Buffer.from("x"))).toMatch(/^INSERTED /);
      expect(await next.stop()).toBe(0);
    },
  );
}

const DRAINED: LoopKind = {
  name: "btrfs",
  bytes: 60 * MIB,
  make: ["mkfs.btrfs", "--quiet", "--force", "--mixed"],
  mountOptions: "loop",
  after: [],
};
const whyNotDrained = whyNot(DRAINED);
const NOT_DRAINED = whyNotDrained === undefined ? "" : ` (skipped: ${whyNotDrained})`;

test.skipIf(whyNotDrained !== undefined)(
  `on a full btrfs the queue drains, and puts are taken again, with nobody's help${NOT_DRAINED}`,
  { timeout: PATIENCE_MS, tags: ["mkfs.btrfs"] },
  async () => {
    disk = new LoopDisk(DRAINED);
    const launch = { directory: disk.directory, threads: 2, segmentSize: "1MiB" };
    let server = await ServerWithData.serving({ ...launch, level: "sync" });
    servers.push(server);
    const ledger = new Ledger();
    let client = new Conversation(await server.connect());
    const fill = async (): Promise<number> => {
      for (let count = 0; ; count++)
        if ((await put(client, ledger, 20_000)).isRefused) return count;
    };
    const full = await fill();
    expect(full).toBeGreaterThan(500);
    for (const job of ledger.promisedJobs) {
      ledger.beginDelete(job);
      const answer = await client.line(`delete ${job.id}`);
      expect(answer).toBe("DELETED");
      ledger.deleteAnswered(job, answer);
    }
    expect(ledger.promisedJobs).toEqual([]);
    await until(
      "puts are taken again, as many as before",
      async () => (await fill()) > full / 2,
      () => server.told,
    );
    await server.kill();
    server = await ServerWithData.serving({ ...launch, level: "sync" });
    servers.push(server);
    client = new Conversation(await server.connect());
    await ledger.inspect(client, true);
    expect(ledger.problems).toEqual([]);
    expect(server.complaints).toEqual([]);
  },
);
