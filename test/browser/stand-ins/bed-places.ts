/* Stand-in for test/worker/bed-places.ts in a page: queues on an engine in the suite's worker, and
 * on a server, whose time passes by itself.
 */
import type { EngineOptions } from "../../../src/entries/queue.ts";
import type { Place } from "../../worker/bed-places.ts";
import { PageServer } from "./homemaker.ts";

const SERVER = "a server over a WebSocket";
export const WHERE = ["memory", SERVER] as const;

export async function placeOf(
  where: (typeof WHERE)[number],
  { maxTubes, ...options }: EngineOptions,
): Promise<Place> {
  const tubes = maxTubes === undefined ? {} : { maxTubes };
  if (where !== SERVER) {
    return { target: { memory: true, ...tubes, ...options }, end: () => undefined };
  }
  const limit = maxTubes === undefined ? [] : ["--max-tubes", String(maxTubes)];
  const flags = ["--threads", "1", "--shards", "1", ...limit];
  const server = await PageServer.start({ flags });
  const { host, port } = server.address;
  return { target: `ws://${host}:${port}`, end: () => server.stop() };
}
