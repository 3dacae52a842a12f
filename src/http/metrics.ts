/* Metrics: GET /metrics, for Prometheus. */
import { CONTENT_TYPE } from "../observability/exposition.ts";
import { standbyText } from "../server/copy-figures.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import { Scrape } from "../server/scrape.ts";
import type { Route } from "./handler.ts";

/** The route of the metrics. */
export function metricsRoute(around: HttpSurroundings): Route {
  const { inProcess, log, options, leadership, outbox } = around;
  const { dataDirectory, metricsTubes: mostTubes } = options;
  const hasJournal = dataDirectory !== undefined;
  const scrape = new Scrape({ inProcess, log, hasJournal, mostTubes, leadership, outbox });
  return {
    method: "GET",
    path: "/metrics",
    needs: "read",
    isOfStandby: true,
    handler: async () => {
      const isShort = leadership !== undefined && !inProcess.isReady;
      const text = isShort ? standbyText(inProcess.desk, leadership) : scrape.text();
      return { bytes: await text, type: CONTENT_TYPE };
    },
  };
}
