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
import type { Call, Route } from "./handler.ts";
import { healthRoutes, troubleOf } from "./health.ts";
import { heldBackRoutes } from "./held-back.ts";
import { jobRoutes } from "./jobs.ts";
import { resultRoutes } from "./results.ts";
import { LOOK } from "./rights.ts";
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
  // Sums are for all, as those of `stats` are; a tube is named to those who may look anywhere.
  const now = (isWhole: boolean): Promise<unknown> => overviewOf(around, survey, isWhole);
  const eventsOf = (isWhole: boolean): Events =>
    new Events(() =>
      now(isWhole).catch((error: unknown) => {
        around.log.write("debug", "no overview", { why: String(error) }); // the server stops
        return undefined;
      }),
    );
  const whole = eventsOf(true);
  const part = eventsOf(false);
  const seesAll = ({ grant }: Call): boolean => grant?.hasEverywhere(LOOK) !== false;
  return [
    {
      method: "GET",
      path: "/api/v1/overview",
      needs: "read",
      about: "chosen",
      handler: async (call) => ({ json: await now(seesAll(call)) }),
    },
    {
      method: "GET",
      path: "/api/v1/events",
      needs: "read",
      about: "chosen",
      handler: (call) => (seesAll(call) ? whole : part).subscribe(),
    },
  ];
}
