/* Open HTTP: the HTTP port of a server: the dashboard, its API, metrics, health and WebSockets.
 * Called by cli/main.ts, driven by server/server.ts.
 */
import { isForQueue } from "../config/handed-sockets.ts";
import type { HttpService, HttpSurroundings } from "../server/http-service.ts";
import { HttpError } from "./handler.ts";
import type { Route } from "./handler.ts";
import { standbyOf } from "./health.ts";
import { HttpServer } from "./http-server.ts";
import { routes } from "./routes.ts";
import { shownTube } from "../session/answers.ts";
import { WebSocketPort } from "./web-socket-port.ts";

/** Makes what serves HTTP, from the options' httpPort and its companions. */
export async function openHttp(around: HttpSurroundings): Promise<HttpService> {
  const { options, log, connectionsMax, tokens: book, inProcess } = around;
  const tubeOf = (id: number): string | undefined =>
    inProcess.look((desk) => {
      const shard = desk.shardOfJob(id);
      return shard && shownTube(shard);
    });
  const webSockets = new WebSocketPort(around);
  return new HttpServer({
    options,
    log,
    connectionsMax,
    tokens: book && { book, whereabouts: { tubeOf } },
    fd: options.handed.find((socket) => !isForQueue(socket))?.fd,
    webSockets,
    routes: async (access) => [...(await routes(around, access)), webSockets.route],
    notNow: (route) => (around.inProcess.isReady ? undefined : notNow(around, route)),
  });
}

function notNow(
  around: HttpSurroundings,
  { isOfStandby }: Pick<Route, "isOfStandby">,
): HttpError | undefined {
  if (around.common.stopping) {
    return new HttpError(503, "HM_HTTP_STOPPING", "the server is stopping");
  }
  const standby = standbyOf(around);
  if (standby !== undefined && isOfStandby === true) return undefined;
  if (standby !== undefined) return new HttpError(503, "HM_HTTP_STANDBY", standby);
  return new HttpError(503, "HM_HTTP_RECOVERING", "the journal is still being read");
}
