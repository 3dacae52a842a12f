/*
 * A ledger: two processes enqueue on one spool directory, while the server and they themselves are
 * killed at random. What was acknowledged is there, once.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openQueue } from "../../src/entries/queue.ts";
import { Random } from "../support/random.ts";
import { seedHere } from "../support/replay.ts";
import { pause, until } from "../support/until.ts";
import { LastingServer } from "./lasting-server.ts";

const PROGRAM = fileURLToPath(new URL("spool-program.ts", import.meta.url));
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
    let starts = 0;
    const start = () => enqueuer(server.path, directory, starts++ * APART, acknowledged);
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
    const url = `homemaker+unix:${server.path}` as const;
    await using queue = await openQueue(url, { spool: { directory } });
    await until("all that was acknowledged is there", async () => {
      const { available } = await queue.stats("note");
      return available >= acknowledged.size;
    });
    const found: number[] = [];
    for await (const { payload } of queue.jobs({ tube: "note" }))
      found.push(Number.parseInt(String(payload), 10));
    const there = new Set(found);
    expect([...acknowledged].filter((number) => !there.has(number))).toEqual([]);
    expect(found.length).toBe(there.size);
    for (let first = 0; first < starts; first++) {
      const own = found.filter((number) => Math.floor(number / APART) === first);
      // What a process that was killed left is delivered by another one, maybe behind its own.
      expect(own.length).toBe(new Set(own).size);
    }
  },
);

/** A process that enqueues, and can be killed. */
function enqueuer(
  socket: string,
  directory: string,
  first: number,
  acknowledged: Set<number>,
): { kill(): Promise<void> } {
  const args = [PROGRAM, socket, directory, String(first)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (!line.startsWith("!")) acknowledged.add(Number(line));
  });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    kill() {
      child.kill("SIGKILL");
      return closed;
    },
  };
}
