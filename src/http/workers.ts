/* Workers: the route that tells who works, by what each client calls itself and where it runs: what
 * its connections watch together, and which jobs they hold.
 *
 * The threads are asked for the connections, a page at a time, and the shards for the jobs: at
 * most NAMED_MAX of each worker, with everything else having its turn between two of them.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { HttpSurroundings } from "../server/http-service.ts";
import { NAMED_MAX, PAGE_MAX } from "../session/who-is-there.ts";
import type { Desk } from "../session/desk.ts";
import type { ConnectionSummary, WorkerHold, WorkersAnswer, WorkerSummary } from "./api.ts";
import { summaryOf } from "./connections.ts";
import type { Route } from "./handler.ts";
import { asBytes, bodyAtHand, jobFacts, progressOf } from "./job-reading.ts";

/** Connections that one request looks at. */
const SCANNED_MAX = 2000;
const PREVIEW_BYTES = 256;

/** The route about workers. */
export function workerRoutes(around: HttpSurroundings): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/workers",
      needs: "read",
      handler: async ({ signal }) => ({ json: await workers(around, signal) }),
    },
  ];
}

async function workers(around: HttpSurroundings, signal: AbortSignal): Promise<WorkersAnswer> {
  const { connections, isWhole } = await namedWorkers(around, signal);
  const byWorker = Map.groupBy(connections, ({ name, host }) => `${name} ${host}`);
  const ordered = [...byWorker.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const found: WorkerSummary[] = [];
  for (const [, own] of ordered) {
    if (signal.aborted) break;
    found.push(around.inProcess.look((desk) => workerOf(desk, own)));
    await nextTurn();
  }
  await around.inProcess.allSettled();
  return { workers: found, scanned: connections.length, isWhole };
}

/** The connections of workers that have a name, at most SCANNED_MAX. */
async function namedWorkers(
  { common, connectionsOf }: HttpSurroundings,
  signal: AbortSignal,
): Promise<{ readonly connections: readonly ConnectionSummary[]; readonly isWhole: boolean }> {
  const connections: ConnectionSummary[] = [];
  for (let thread = 0; thread < common.seats; thread++) {
    for (let offset = 0, total = 1; offset < total && !signal.aborted; offset += PAGE_MAX) {
      if (connections.length >= SCANNED_MAX) return { connections, isWhole: false };
      const page = await connectionsOf(thread, offset, PAGE_MAX, "named-workers");
      connections.push(...page.connections.map((facts) => summaryOf(thread, facts)));
      total = page.total;
    }
  }
  return { connections, isWhole: true };
}

/** What connections of one name and host are and do together; there is one at least. */
function workerOf(desk: Desk, own: readonly ConnectionSummary[]): WorkerSummary {
  const [{ name, host } = { name: "", host: "" }] = own;
  const sum = (of: (one: ConnectionSummary) => number): number =>
    own.reduce((all, one) => all + of(one), 0);
  const oldest = own.toSorted((one, other) => other.ageSeconds - one.ageSeconds);
  return {
    name,
    host,
    connections: oldest
      .slice(0, NAMED_MAX)
      .map(({ id, pid, peer, ageSeconds }) => ({ id, pid, peer, ageSeconds })),
    connectionCount: own.length,
    watches: [...new Set(own.flatMap(({ watches }) => watches))].slice(0, NAMED_MAX),
    window: sum(({ window }) => window),
    waiting: sum(({ waiting }) => Number(waiting)),
    holdCount: sum(({ holdCount }) => holdCount),
    holds: own
      .flatMap(({ holds }) => holds)
      .slice(0, NAMED_MAX)
      .flatMap(({ id }) => holdOf(desk, id) ?? []),
  };
}

/** The job; undefined if nobody holds it any more. */
function holdOf(desk: Desk, id: number): WorkerHold | undefined {
  const facts = jobFacts(desk, id);
  const body = facts && bodyAtHand(desk, facts.shard, id, PREVIEW_BYTES);
  if (facts?.state !== "reserved" || body === undefined) return undefined;
  const { tube, heldSeconds, leftSeconds } = facts;
  const progress = progressOf(desk, facts);
  return { id, tube, preview: asBytes(body), progress, heldSeconds, leftSeconds };
}
