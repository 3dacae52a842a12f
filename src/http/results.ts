/* Results: the route to what finished jobs left behind, while it is kept. */
import * as C from "../../assembly/constants.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import { depend } from "../session/answers.ts";
import type { Desk } from "../session/desk.ts";
import type { ResultAnswer } from "./api-jobs.ts";
import { idOf } from "./fields.ts";
import { HttpError } from "./handler.ts";
import type { Route } from "./handler.ts";
import { asBytes } from "./job-reading.ts";

/** The route about results. */
export function resultRoutes({ inProcess }: HttpSurroundings): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/jobs/:id/result",
      needs: "read",
      handler: async ({ params }) => {
        const json = show(inProcess, idOf(params["id"]));
        await inProcess.settled();
        return { json };
      },
    },
  ];
}

function show(inProcess: InProcess, id: number): ResultAnswer {
  const found = inProcess.look((desk) => resultOf(desk, id));
  if (found === undefined) throw new HttpError(404, "HM_HTTP_NO_RESULT", "no result is kept");
  return found;
}

/** The kept result of a job that is no more: the beginning of it, as with a body. */
function resultOf(desk: Desk, id: number): ResultAnswer | undefined {
  const shard = desk.shards.find((one) => one.peekResult(id, 0, desk.now) === C.DONE);
  if (shard === undefined) return undefined;
  depend(desk, shard);
  const length = shard.field(C.RESULT_BODY_BYTES);
  const bytes = shard.output.slice(0, shard.field(C.RESULT_COUNT));
  return { id, bytes: length, result: asBytes({ bytes, length }) };
}
