/*
 * Connections: the route that tells who is connected, and what they watch and hold. The I/O threads
 * are asked, a page at a time.
 */
import type { HttpSurroundings } from "../server/http-service.ts";
import { PAGE_MAX } from "../server/who-is-there.ts";
import type { ConnectionsAnswer, ConnectionSummary } from "./api.ts";
import { numberParameter } from "./fields.ts";
import type { Route } from "./handler.ts";

const LIMIT_DEFAULT = 50;

/** The route about connections. */
export function connectionRoutes(around: HttpSurroundings): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/connections",
      needs: "read",
      handler: async ({ query }) => {
        const offset = numberParameter(query, "offset", 0, Number.MAX_SAFE_INTEGER, 0);
        const limit = numberParameter(query, "limit", 1, PAGE_MAX, LIMIT_DEFAULT);
        const json = await page(around, offset, limit);
        if (json.connections.some(({ holds }) => holds.length > 0))
          await around.inProcess.settled();
        return { json };
      },
    },
  ];
}

/** What a connection is called: its thread and its number there. */
export function connectionId(thread: number, token: number): string {
  return `${thread}-${token}`;
}

/** Thread after thread, as if all connections stood in one list. */
async function page(
  { common, connectionsOf }: HttpSurroundings,
  offset: number,
  limit: number,
): Promise<ConnectionsAnswer> {
  const connections: ConnectionSummary[] = [];
  let total = 0;
  for (let thread = 0; thread < common.threads; thread++) {
    const from = Math.max(0, offset - total);
    const found = await connectionsOf(thread, from, limit - connections.length);
    total += found.total;
    for (const { token, ...facts } of found.connections) {
      connections.push({ id: connectionId(thread, token), thread, ...facts });
    }
  }
  return { total, connections };
}
