/*
 * A backlog larger than memory, at level sync: two million jobs where --memory has room for the
 * bodies of a third of them, and the process is killed while they come.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { neededBytes } from "../../src/config/memory-plan.ts";
import { until } from "../support/until.ts";
import { BacklogClient, BODY_BYTES } from "./backlog-client.ts";
import { ServerWithData } from "./server-with-data.ts";

const MIB = 1_048_576;
const JOBS = 2_000_000;
/** Each has a tube of its own, and so the tubes are in several shards. */
const CONNECTIONS = 8;
const THREADS = 2;
const MEMORY_BYTES = 64 * MIB;
/** Room for 100 bytes of each job beside its body. */
const INDEX_BYTES = 192 * MIB;
/** What the plan says that the process needs: for these bodies, this index, and itself. */
const PLANNED_BYTES = neededBytes({
  availableBytes: 0,
  threads: THREADS,
  hasJournal: true,
  askedBytes: MEMORY_BYTES,
  askedIndexBytes: INDEX_BYTES,
});
/** It had 414 MiB at most, where the plan says 440; the bodies alone would be 127 MiB more. */
const PROCESS_BYTES = PLANNED_BYTES + 64 * MIB;
/** It takes well below a minute on two cores. */
const PATIENCE_MS = 300_000;

test(
  "where jobs with their bodies have no room they are put all the same, outlive kill -9, and come once, in order, each with its body",
  {
    timeout: PATIENCE_MS,
  },
  async () => {
    expect(MEMORY_BYTES + INDEX_BYTES).toBeLessThan(JOBS * (88 + BODY_BYTES));
    const directory = mkdtempSync(join(tmpdir(), "homemaker-backlog-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const clients = Array.from({ length: CONNECTIONS }, (_, at) => new BacklogClient(`tube${at}`));
    const known = (): number => clients.reduce((sum, { ids }) => sum + ids.length, 0);
    const put = (): Promise<boolean[]> =>
      Promise.all(clients.map((client) => client.putUpTo(JOBS / CONNECTIONS)));

    const first = await serve(directory, clients);
    const putting = put();
    await Promise.race([putting, until("half of the jobs are there", () => known() >= JOBS / 2)]);
    expect(mostResidentBytes(first)).toBeLessThan(PROCESS_BYTES);
    await first.kill();
    expect(await putting).toContain(false); // some had no answer

    const second = await serve(directory, clients);
    await Promise.all(clients.map((client) => client.findUnanswered()));
    expect(await figuresOf(second)).toMatchObject({ "current-jobs-ready": known() });
    expect(await put()).not.toContain(false);
    const full = await figuresOf(second);
    expect(full["current-jobs-away"]).toBeGreaterThan(JOBS / 2);
    await Promise.all(clients.map((client) => client.drain()));
    expect(clients.flatMap(({ problems }) => problems)).toEqual([]);
    const drained = await figuresOf(second);
    expect(drained["current-jobs-ready"]).toBe(0);
    expect(drained["bodies-read-back"]).toBeGreaterThanOrEqual(full["current-jobs-away"] ?? JOBS);
    expect(mostResidentBytes(second)).toBeLessThan(PROCESS_BYTES);
    for (const client of clients) client.close();
  },
);

/** A server in that directory, to which all clients are connected. */
async function serve(
  directory: string,
  clients: readonly BacklogClient[],
): Promise<ServerWithData> {
  const flags = ["--memory", `${MEMORY_BYTES}`, "--max-index", `${INDEX_BYTES}`];
  const journal = { directory, level: "sync", segmentSize: "8MiB" } as const;
  const server = await ServerWithData.serving({ ...journal, threads: THREADS, flags });
  onTestFinished(() => server.kill());
  await Promise.all(clients.map((client) => client.connect(server.port)));
  return server;
}

/** The most bytes of memory that the process has had so far. */
function mostResidentBytes({ pid }: ServerWithData): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

/** The numbers of `stats`. */
async function figuresOf(server: ServerWithData): Promise<Readonly<Record<string, number>>> {
  const socket = await server.connect();
  socket.end("stats\r\nquit\r\n");
  let text = "";
  for await (const bytes of socket) text += String(bytes);
  const numbers = text.matchAll(/^([\w-]+): (\d+)$/gm);
  return Object.fromEntries([...numbers].map(([, name, value]) => [name, Number(value)]));
}
