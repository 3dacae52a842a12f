/* Routes: everything that the HTTP port answers, in one table. Used by open-http.ts. */
import type { HttpSurroundings } from "../server/http-service.ts";
import type { Access } from "./access.ts";
import { assetRoutes } from "./assets.ts";
import { bulkRoutes } from "./bulk.ts";
import { connectionRoutes } from "./connections.ts";
import { drainRoutes } from "./draining.ts";
import { Events } from "./events.ts";
import { explanationRoutes } from "./explanation.ts";
import { failureRoutes } from "./failure-groups.ts";
import { groupRoutes } from "./groups.ts";
import type { Route } from "./handler.ts";
import { healthRoutes, troubleOf } from "./health.ts";
import { heldBackRoutes } from "./held-back.ts";
import { jobRoutes } from "./jobs.ts";
import { resultRoutes } from "./results.ts";
import { metricsRoute } from "./metrics.ts";
import { overviewOf } from "./overview.ts";
import { sessionRoutes } from "./session.ts";
import { TubeSurvey } from "./tube-survey.ts";
import { tubeRoutes } from "./tubes.ts";
import { workerRoutes } from "./workers.ts";

/** All routes. */
export async function routes(around: HttpSurroundings, access: Access): Promise<readonly Route[]> {
  const { inProcess } = around;
  const survey = new TubeSurvey(inProcess);
  return [
    ...(await assetRoutes()),
    ...healthRoutes(() => troubleOf(around)),
    metricsRoute(around),
    ...sessionRoutes(access),
    ...overviewRoutes(around, survey),
    ...tubeRoutes(inProcess, survey),
    ...jobRoutes(around),
    ...resultRoutes(around),
    ...explanationRoutes(around),
    ...bulkRoutes(inProcess),
    ...heldBackRoutes(inProcess),
    ...groupRoutes(inProcess),
    ...failureRoutes(inProcess, survey),
    ...connectionRoutes(around),
    ...workerRoutes(around),
    ...drainRoutes(inProcess),
  ];
}

function overviewRoutes(around: HttpSurroundings, survey: TubeSurvey): readonly Route[] {
  const now = (): Promise<unknown> => overviewOf(around, survey);
  const events = new Events(() =>
    now().catch((error: unknown) => {
      around.log.write("debug", "no overview", { why: String(error) }); // the server stops
      return undefined;
    }),
  );
  return [
    {
      method: "GET",
      path: "/api/v1/overview",
      needs: "read",
      handler: async () => ({ json: await now() }),
    },
    {
      method: "GET",
      path: "/api/v1/events",
      needs: "read",
      handler: () => events.subscribe(),
    },
  ];
}
