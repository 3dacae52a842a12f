/* Explanation: the route that says why a job stands where it does: what explain answers, with
 * numbers for what has a number.
 */
import type { InProcess } from "../broker/in-process.ts";
import { parseDocument } from "../client/document.ts";
import type { Facts, Value } from "../client/document.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import type { ExplanationAnswer, JobState } from "./api-jobs.ts";
import { idOf } from "./fields.ts";
import type { Route } from "./handler.ts";
import { noJob, refused } from "./refusals.ts";

const LATIN1 = new TextDecoder("latin1");

/** The route about explanations. */
export function explanationRoutes({ inProcess }: HttpSurroundings): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/jobs/:id/explanation",
      needs: "read",
      about: "job",
      handler: async ({ params }) => ({ json: await explain(inProcess, idOf(params["id"])) }),
    },
  ];
}

async function explain(inProcess: InProcess, id: number): Promise<ExplanationAnswer> {
  const reply = await inProcess.withConnection((own) => own.ask(`explain ${id}`));
  if (reply.word === "NOT_FOUND") throw noJob();
  if (reply.word !== "OK") throw refused(reply);
  return answerOf(parseDocument(LATIN1.decode(reply.body)));
}

function answerOf(facts: Facts): ExplanationAnswer {
  const text = (key: string): string => textOf(facts[key]);
  const number = (key: string): number => Number.parseInt(text(key), 10) || 0;
  const keyJobs = text("concurrency-jobs").split(" ").filter(Boolean).map(Number);
  return {
    why: text("why"),
    reason: text("reason"),
    state: stateOf(text("state")),
    tube: text("tube"),
    before: number("before"),
    isBeforeWhole: !text("before").endsWith("+"),
    leftSeconds: number("time-left"),
    holder: text("holder"),
    pauseLeftSeconds: number("pause-time-left"),
    rate: text("set-rate"),
    rateLeftSeconds: number("rate-time-left"),
    reservedMax: text("set-reserved"),
    reserved: number("current-jobs-reserved"),
    key:
      text("concurrency-key") === ""
        ? null
        : {
            name: text("concurrency-key"),
            limit: number("concurrency-limit"),
            held: number("concurrency-held"),
            jobs: keyJobs,
          },
    afterGroup: text("after-group"),
    pending: number("group-pending"),
    watching: number("current-watching"),
    waiting: number("current-waiting"),
    isCancelled: text("cancelled") === "true",
    isDraining: text("draining") === "true",
  };
}

function textOf(value: Value | undefined): string {
  return value === undefined || typeof value === "object" ? "" : String(value);
}

function stateOf(word: string): JobState {
  return word === "reserved" || word === "delayed" || word === "buried" ? word : "ready";
}
