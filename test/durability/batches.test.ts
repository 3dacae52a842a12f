/* Batches over several threads and shards, while the server is killed again and again: workers hand
 * tokens from tube to tube, each time with one batch that deletes the one and puts the other, or
 * moves the one. So whatever happens, each token is there exactly once.
 */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Conversation } from "../support/conversation.ts";
import { Random } from "../support/random.ts";
import { ServerWithData } from "./server-with-data.ts";

const SEED = Number(process.env["BATCH_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `BATCH_SEED=${SEED} npx vitest run test/durability/batches.test.ts`;
const TUBES = Array.from({ length: 8 }, (_, at) => `stage-${at}`);
const TOKENS = 60;
const WORKERS = 12;
const ROUNDS = 3;
/** Batches that are carried out before the server is killed. */
const BATCHES = 300;

let directory: string;
let server: ServerWithData | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-batches-"));
});
afterEach(async () => {
  await server?.kill();
  rmSync(directory, { recursive: true });
});

async function connect(running: ServerWithData): Promise<Conversation> {
  return new Conversation(await running.connect());
}

/** A token as a body: some are so long that they go to the journal ahead of their batch. */
function bodyOf(token: number, random: Random): string {
  return `${token} ${"x".repeat(random.below(3) === 0 ? random.below(60_000) : random.below(50))}`;
}

function put(tube: string, body: string): string {
  return `use ${tube}\r\nput ${body.length % 3} 0 120 ${body.length}\r\n${body}`;
}

/** Hands tokens on until the server is gone. */
async function work(running: ServerWithData, random: Random, wasDone: () => void): Promise<void> {
  const client = await connect(running);
  for (const tube of TUBES) await client.line(`watch ${tube}`);
  for (;;) {
    const job = await client.ask("reserve-with-timeout 1");
    const [, id] = /^RESERVED (\d+)/.exec(job?.line ?? "") ?? [];
    if (job === undefined) return;
    if (id === undefined) continue; // all tokens are on their way
    const token = Number.parseInt(job.body?.toString() ?? "", 10);
    const tube = TUBES[random.below(TUBES.length)] ?? "default";
    const moves = random.below(3) === 0;
    const next = moves
      ? `move ${id} ${tube}`
      : `delete ${id}\r\n${put(tube, bodyOf(token, random))}`;
    // Every fifth asks for what cannot be: nothing of it may happen.
    const isWrong = random.below(5) === 0;
    const count = (moves ? 1 : 3) + (isWrong ? 1 : 0);
    const last = `${next}${isWrong ? "\r\ndelete 999999999" : ""}`;
    const line = await client.line(`batch ${count}`, Buffer.from(last));
    if (line === "") return;
    if (isWrong) {
      expect(line).toBe(`BATCH_REFUSED ${count} NOT_FOUND`);
      await client.line(`release ${id} 0 0`);
      continue;
    }
    expect(line).toBe(`BATCH ${count}`);
    wasDone();
  }
}

/** The tokens that are there, in order. */
async function tokens(running: ServerWithData): Promise<readonly number[]> {
  const client = await connect(running);
  for (const tube of TUBES) await client.line(`watch ${tube}`);
  const found: number[] = [];
  for (;;) {
    const job = await client.ask("reserve-with-timeout 0");
    if (job?.line === undefined || !job.line.startsWith("RESERVED")) break;
    found.push(Number.parseInt(job.body?.toString() ?? "", 10));
  }
  client.hangUp();
  return found.toSorted((a, b) => a - b);
}

test.each([
  { threads: 1, shards: 4 },
  { threads: 3, shards: 4 },
])(
  `what batches hand on is there exactly once, whenever the server is killed, threads: $threads (${REPLAY})`,
  async (shape) => {
    const all = Array.from({ length: TOKENS }, (_, token) => token);
    const random = new Random(SEED);
    for (let round = 0; round <= ROUNDS; round++) {
      server = await ServerWithData.serving({ directory, level: "os", ...shape });
      if (round === 0) {
        const client = await connect(server);
        for (const token of all) {
          const tube = TUBES[token % TUBES.length] ?? "default";
          await client.line("batch 2", Buffer.from(put(tube, bodyOf(token, random))));
        }
        client.hangUp();
      }
      expect({ round, tokens: await tokens(server) }).toEqual({ round, tokens: all });
      if (round === ROUNDS) break;
      const running = server;
      let left = BATCHES;
      const workers = Array.from({ length: WORKERS }, async (_, worker) => {
        const own = new Random(SEED + 100 * round + worker);
        await work(running, own, () => {
          if (--left === 0) void running.kill();
        });
      });
      await Promise.all(workers);
      await running.kill();
    }
  },
  300_000, // a busy machine takes ten times as long
);

test("the bodies of a batch may be longer together than what is recorded at once", async () => {
  server = await ServerWithData.serving({ directory, level: "os" });
  const client = await connect(server);
  for (const [count, bytes] of [
    [3, 65_535],
    [700, 100],
    [1000, 1000],
  ] as const) {
    const line = `put 0 0 60 ${bytes}\r\n${"x".repeat(bytes)}`;
    const puts = Array.from({ length: count }, () => line).join("\r\n");
    expect(await client.line(`batch ${count}`, Buffer.from(puts))).toBe(`BATCH ${count}`);
  }
  await server.kill();
  server = await ServerWithData.serving({ directory, level: "os" });
  const again = await connect(server);
  expect((await again.ask("stats-tube default"))?.body?.toString()).toContain(
    "current-jobs-ready: 1703\n",
  );
  again.hangUp();
});
