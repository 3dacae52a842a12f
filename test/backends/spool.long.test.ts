/*
 * A ledger: two processes enqueue on one spool directory, while the server and they themselves are
 * killed at random. What was acknowledged is there, once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openQueue } from "../../src/entries/queue.ts";
import { Random } from "../support/random.ts";
import { seedHere } from "../support/replay.ts";
import { pause, until } from "../support/until.ts";
import { LastingServer } from "./lasting-server.ts";
import { numbersIn, startSpooler } from "./spooler.ts";

const ROUNDS = 6;
/** Each start counts from a number of its own. */
const APART = 1_000_000;
const FILE = "test/backends/spool.long.test.ts";

test(
  "nothing that was acknowledged is lost, and nothing is there twice",
  { timeout: 150_000 },
  async () => {
    const seed = seedHere();
    console.log(`SEED=${seed} npx vitest run --project long ${FILE}`);
    const random = new Random(seed);
    const directory = mkdtempSync(join(tmpdir(), "homemaker-spool-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const server = await LastingServer.start();
    const acknowledged = new Set<number>();
    const refusals = new Set<string>();
    const spooling = { socket: server.path, directory, taken: acknowledged, refusals };
    let starts = 0;
    const start = () => startSpooler(spooling, starts++ * APART);
    const running = [start(), start()];
    for (let round = 0; round < ROUNDS; round++) {
      const before = acknowledged.size;
      await until("more were acknowledged", () => acknowledged.size >= before + 100);
      server.kill();
      await until("the spool took some", () => acknowledged.size >= before + 200);
      const at = random.below(running.length);
      if (random.oneIn(2)) {
        await running[at]?.kill();
        running[at] = start();
      }
      await pause(random.below(300));
      await server.again();
    }
    for (const one of running) await one.kill();
    const url = server.url;
    await using queue = await openQueue(url, { spool: { directory } });
    await until("all that was acknowledged is there", async () => {
      const { available } = await queue.stats("note");
      return available >= acknowledged.size;
    });
    const found = await numbersIn(queue);
    const there = new Set(found);
    expect([...acknowledged].filter((number) => !there.has(number))).toEqual([]);
    expect(found.length).toBe(there.size);
    expect([...refusals]).toEqual([]);
    for (let first = 0; first < starts; first++) {
      const own = found.filter((number) => Math.floor(number / APART) === first);
      // What a process that was killed left is delivered by another one, maybe behind its own.
      expect(own.length).toBe(new Set(own).size);
    }
  },
);
