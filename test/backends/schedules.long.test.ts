/*
 * Many processes that set and keep one schedule on a server, which is killed meanwhile: each moment
 * has one job, and none is without.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openQueue } from "../../src/entries/queue.ts";
import { eachLine } from "../support/each-line.ts";
import { until } from "../support/until.ts";
import { LastingServer } from "./lasting-server.ts";

const PROGRAM = fileURLToPath(new URL("schedule-program.ts", import.meta.url));
const PROCESSES = 3;
const SECOND = 1000;

test(
  "each moment has one run, also over the death of the server",
  { timeout: 180_000 },
  async () => {
    const server = await LastingServer.start();
    await using queue = await openQueue(server.url);
    /** The ids of jobs, by the moment that they are for. */
    const runs = new Map<number, Set<string>>();
    for (let count = 0; count < PROCESSES; count++) start(server.path, runs);
    await until("all are there", async () => (await queue.stats("tick")).workers === PROCESSES);
    await until("four seconds have passed", () => runs.size >= 4);
    server.kill();
    await server.again();
    const back = Date.now();
    await until("it goes on", () => [...runs.keys()].filter((at) => at > back).length >= 3);
    const first = Math.min(...runs.keys());
    const wanted = Array.from({ length: 8 }, (_, at) => first + at * SECOND);
    await until("no moment is without", () => wanted.every((at) => runs.has(at)));
    for (const [at, ids] of runs) expect([at, [...ids].length]).toEqual([at, 1]);
  },
);

/** Starts a process; it ends with the test. */
function start(path: string, runs: Map<number, Set<string>>): void {
  const child = spawn(process.execPath, [PROGRAM, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  eachLine(child.stdout, (line) => {
    const [moment = "", id = ""] = line.split(" ");
    const ids = runs.get(Number(moment)) ?? new Set();
    runs.set(Number(moment), ids.add(id));
  });
}
