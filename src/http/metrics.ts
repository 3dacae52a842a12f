/* Metrics: GET /metrics, for Prometheus. */
import { CONTENT_TYPE } from "../observability/exposition.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import { Scrape } from "../server/scrape.ts";
import { HttpError } from "./handler.ts";
import type { Route } from "./handler.ts";

/** The route of the metrics. */
export function metricsRoute({ inProcess, log, options }: HttpSurroundings): Route {
  const { dataDirectory, metricsTubes } = options;
  const scrape = new Scrape(inProcess, log, dataDirectory !== undefined, metricsTubes);
  return {
    method: "GET",
    path: "/metrics",
    needs: "read",
    handler: async () => {
      if (!inProcess.isReady) {
        throw new HttpError(
          503,
          "HM_HTTP_NOT_READY",
          "the journal is being recovered, or the server ends",
        );
      }
      return { bytes: await scrape.text(), type: CONTENT_TYPE };
    },
  };
}
