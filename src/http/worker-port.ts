/* Worker port: the HTTP port of `homemaker work`: health and metrics, and nothing else. Made by
 * cli/work/work.ts.
 */
import { CONTENT_TYPE } from "../observability/exposition.ts";
import type { Log } from "../log.ts";
import type { HttpService } from "../server/http-service.ts";
import type { Route } from "./handler.ts";
import { healthRoutes } from "./health.ts";
import { HttpServer } from "./http-server.ts";
import type { HttpOptions } from "./http-server.ts";

/** What it works with. */
export interface WorkerPortParts {
  readonly options: HttpOptions;
  readonly log: Log;
  /** Why nobody should count on these workers; undefined when there is no reason. */
  readonly trouble: () => Promise<string | undefined>;
  /** The metrics, in Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

const CONNECTIONS_MAX = 64;

/** Makes it. */
export function openWorkerPort(parts: WorkerPortParts): HttpService {
  const { options, log } = parts;
  const routes = routesOf(parts);
  return new HttpServer({
    options,
    log,
    connectionsMax: CONNECTIONS_MAX,
    routes: () => Promise.resolve(routes),
    notNow: () => undefined,
  });
}

function routesOf({ trouble, metrics }: WorkerPortParts): readonly Route[] {
  return [
    ...healthRoutes(trouble),
    {
      method: "GET",
      path: "/metrics",
      needs: "read",
      handler: async () => ({ bytes: await metrics(), type: CONTENT_TYPE }),
    },
  ];
}
