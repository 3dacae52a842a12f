/* Programs that have a broker in them, as processes of their own, on each runtime: what they get,
 * that they end by themselves, and what is left of them when they are killed.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { inCell, tagsOn } from "../support/matrix.ts";
import { RUNTIME_NAMES, RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import { goingRound, THOROUGH_TRIAL_MS } from "../support/trials.ts";

const EMBEDDER = fileURLToPath(new URL("./embedder.ts", import.meta.url));
const PUTS = 50;
const KILLED_MS = 60_000;

type Program = ChildProcessByStdio<null, Readable, null>;

let directory = "";
const children: Program[] = [];
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "homemaker-embedded-"))));
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

/** A program that has started; what it prints to standard error is ours. */
function started(runtime: RuntimeName, ...words: readonly string[]): Program {
  const [command = "", ...rest] = [...RUNTIMES[runtime], EMBEDDER, ...words];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

/** What a program printed, once it has ended by itself, and how it did. */
async function ended(child: Program): Promise<{ lines: string; code: unknown }> {
  let lines = "";
  child.stdout.on("data", (chunk: Buffer) => (lines += chunk.toString()));
  const [code, signal] = await once(child, "close");
  return { lines, code: code ?? signal };
}

/** The ids of the jobs in the directory. */
async function idsThere(): Promise<readonly number[]> {
  await using broker = await openBroker({ dataDirectory: directory });
  const own = broker.connect();
  const ids: number[] = [];
  for (;;) {
    const { line } = await own.ask("reserve-with-timeout 0");
    const id = Number(/^RESERVED (\d+) /.exec(line)?.[1]);
    if (Number.isNaN(id)) return ids;
    ids.push(id);
    await own.ask(`delete ${id}`);
  }
}

/** Kills a program that puts; what it was told is there then, and is taken away. */
async function expectKeptBy(runtime: RuntimeName, level: string): Promise<void> {
  const child = started(runtime, "puts", directory, level);
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(line);
    if (told.length === PUTS) child.kill("SIGKILL");
  }
  const ids = await idsThere();
  expect(ids.length).toBeGreaterThanOrEqual(told.length);
  expect(ids.slice(0, told.length)).toEqual(told.map((line) => Number(line.split(" ")[1])));
}

for (const runtime of RUNTIME_NAMES) {
  describe(`a program on ${runtime}`, { tags: tagsOn(runtime) }, () => {
    programsOn(runtime);
  });
}

function programsOn(runtime: RuntimeName): void {
  test("that closes its broker ends by itself, and leaves the directory to others", async () => {
    const { lines, code } = await ended(started(runtime, "closes", directory));
    expect({ lines, code }).toEqual({ lines: "INSERTED 1\n", code: 0 });
    expect(readdirSync(directory)).not.toContain("lock.socket");
    expect(await idsThere()).toEqual([1]);
  });

  test("that ends its broker as a crash would can open the directory again", async () => {
    const { lines, code } = await ended(started(runtime, "ends", directory));
    expect({ lines, code }).toEqual({ lines: "INSERTED 1\nFOUND 1 5\n", code: 0 });
  });

  test("lives as long as it waits for an answer, and needs to close nothing", async () => {
    const lines = "INSERTED 1\nRESERVED 1 5\nDELETED\n";
    expect(await ended(started(runtime, "waits"))).toEqual({ lines, code: 0 });
    expect(await ended(started(runtime, "queues"))).toEqual({ lines: "RAN now\n", code: 0 });
    const kept = await ended(started(runtime, "leaves", directory));
    expect(kept).toEqual({ lines: "INSERTED 1\n", code: 0 });
    await using broker = await openBroker({ dataDirectory: directory });
    expect((await broker.connect().ask("peek-delayed")).line).toBe("FOUND 1 5");
  });

  const timeout = THOROUGH_TRIAL_MS + KILLED_MS;
  const inProcess = { ...inCell(runtime, "in-process", "recovery"), timeout };
  const levels = runtime === "node" ? ["sync", "interval", "os"] : ["sync"];
  test.each(levels)(
    "that is killed has lost nothing that it was told was put (%s)",
    inProcess,
    async (level) => {
      const kills = await goingRound(THOROUGH_TRIAL_MS, () => expectKeptBy(runtime, level));
      expect(kills).toBeGreaterThan(0);
    },
  );
}
