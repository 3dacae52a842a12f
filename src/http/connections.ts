/*
 * Connections: the route that tells who is connected, and what they watch and hold. The threads
 * are asked, a page at a time.
 */
import type { HttpSurroundings } from "../server/http-service.ts";
import { PAGE_MAX } from "../session/who-is-there.ts";
import type { ConnectionFacts } from "../session/who-is-there.ts";
import type { ConnectionsAnswer, ConnectionSummary } from "./api.ts";
import { numberParameter, textParameter } from "./fields.ts";
import type { Route } from "./handler.ts";

const LIMIT_DEFAULT = 50;
const ID_CHARACTERS_MAX = 40;

/** The route about connections. */
export function connectionRoutes(around: HttpSurroundings): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/connections",
      needs: "read",
      handler: async ({ query }) => {
        const id = textParameter(query, "id", ID_CHARACTERS_MAX);
        const offset = numberParameter(query, "offset", 0, Number.MAX_SAFE_INTEGER, 0);
        const limit = numberParameter(query, "limit", 1, PAGE_MAX, LIMIT_DEFAULT);
        const json =
          id === "" ? await page(around, offset, limit) : alone(await connectionOf(around, id));
        if (json.connections.some(({ holds }) => holds.length > 0))
          await around.inProcess.allSettled();
        return { json };
      },
    },
  ];
}

/** What a connection is called: its thread and its number there. */
export function connectionId(thread: number, token: number): string {
  return `${thread}-${token}`;
}

/** The connection of that id; undefined when it is gone. */
export async function connectionOf(
  { common, connectionsOf }: HttpSurroundings,
  id: string,
): Promise<ConnectionSummary | undefined> {
  const thread = Number.parseInt(id, 10);
  if (!(thread >= 0 && thread < common.seats)) return undefined;
  for (let offset = 0, total = 1; offset < total; offset += PAGE_MAX) {
    const there = await connectionsOf(thread, offset, PAGE_MAX, "all");
    const found = there.connections.find(({ token }) => connectionId(thread, token) === id);
    if (found !== undefined) return summaryOf(thread, found);
    total = there.total;
  }
  return undefined;
}

/** A connection of that thread. */
export function summaryOf(thread: number, { token, ...facts }: ConnectionFacts): ConnectionSummary {
  return { id: connectionId(thread, token), thread, ...facts };
}

function alone(connection: ConnectionSummary | undefined): ConnectionsAnswer {
  const connections = connection === undefined ? [] : [connection];
  return { total: connections.length, connections };
}

/** Thread after thread, as if all connections stood in one list. */
async function page(
  { common, connectionsOf }: HttpSurroundings,
  offset: number,
  limit: number,
): Promise<ConnectionsAnswer> {
  const connections: ConnectionSummary[] = [];
  let total = 0;
  for (let thread = 0; thread < common.seats; thread++) {
    const from = Math.max(0, offset - total);
    const found = await connectionsOf(thread, from, limit - connections.length, "all");
    total += found.total;
    connections.push(...found.connections.map((facts) => summaryOf(thread, facts)));
  }
  return { total, connections };
}
