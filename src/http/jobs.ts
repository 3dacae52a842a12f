/* Jobs: the routes about jobs: the list of a tube's, one job, its body, kicking and deleting it. */
import type { ServerResponse } from "node:http";
import { once } from "node:events";
import type { InProcess } from "../server/in-process.ts";
import type { Failure, FailureEnd, JobAnswer, JobsAnswer, JobState, JobSummary } from "./api.ts";
import { choiceParameter, idOf, numberParameter, textParameter, tubeNameOf } from "./fields.ts";
import { HttpError } from "./handler.ts";
import type { Answer, Call, Route } from "./handler.ts";
import {
  asBytes,
  base64Of,
  bodyPart,
  bodyStart,
  holderOf,
  jobFacts,
  keptFailures,
} from "./job-reading.ts";
import type { JobFacts } from "./job-reading.ts";
import { noJob, refused } from "./refusals.ts";
import { figuresOf, inSteps, isWanted, listJobs, shardOfTube } from "./job-scan.ts";
import type { ListedJob, Wanted } from "./job-scan.ts";

/** The states, as list-jobs has them. */
export const STATES: readonly JobState[] = ["ready", "reserved", "delayed", "buried"];
/** Most characters of a filter. */
export const FILTER_CHARACTERS_MAX = 1000;

const GROUP = /^[0-9a-f]{16}$/;
const ENDS: readonly FailureEnd[] = ["buried", "released", "timed-out", "connection-lost"];

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
/** Jobs that one request looks at to find those that the filter wants. */
const SCAN_JOBS_MAX = 4000;
const LIST_PAGE = 1000;
const PREVIEW_BYTES = 256;
const BODY_BYTES = 65_536;
const MICROS = 1_000_000;

/** The routes about jobs. */
export function jobRoutes(inProcess: InProcess): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/tubes/:name/jobs",
      needs: "read",
      handler: async (call) => ({ json: await find(inProcess, call) }),
    },
    {
      method: "GET",
      path: "/api/v1/jobs/:id",
      needs: "read",
      handler: async ({ params }) => {
        const json = show(inProcess, idOf(params["id"]));
        await inProcess.settled();
        return { json };
      },
    },
    {
      method: "GET",
      path: "/api/v1/jobs/:id/body",
      needs: "read",
      handler: async ({ params }) => {
        const answer = download(inProcess, idOf(params["id"]));
        await inProcess.settled();
        return answer;
      },
    },
    ...(["kick", "delete"] as const).map((action): Route => ({
      method: "POST",
      path: `/api/v1/jobs/:id/${action}`,
      needs: "admin",
      handler: async ({ params }) => {
        await act(inProcess, action, idOf(params["id"]));
        return { json: {} };
      },
    })),
  ];
}

/**
 * The key of a group of failures. Throws an HttpError for what is none: what is meant for a group
 * must never be done to all jobs.
 */
export function groupOf(text: string): string {
  if (GROUP.test(text)) return text;
  throw new HttpError(400, "HM_HTTP_FIELD", '"group" must be the key of a group of failures');
}

async function find(inProcess: InProcess, { params, query, signal }: Call): Promise<JobsAnswer> {
  const wanted: Wanted = {
    tube: tubeNameOf(params["name"]),
    state: choiceParameter(query, "state", STATES, "ready"),
    filter: textParameter(query, "filter", FILTER_CHARACTERS_MAX),
    group: query.get("group") ? groupOf(query.get("group") ?? "") : undefined,
  };
  const limit = numberParameter(query, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT);
  const isPlain = wanted.filter === "" && wanted.group === undefined;
  let after = numberParameter(query, "after", 0, Number.MAX_SAFE_INTEGER, 0);
  let scanned = 0;
  let hasMore = true;
  const jobs: JobSummary[] = [];
  const isEnough = (): boolean =>
    !hasMore || jobs.length >= limit || scanned >= SCAN_JOBS_MAX || signal.aborted;
  await inProcess.withConnection(async (own) => {
    while (!isEnough()) {
      const page = await listJobs(own, wanted, after, isPlain ? limit : LIST_PAGE);
      await inSteps(inProcess, page.jobs, (host, job) => {
        scanned++;
        after = job.id;
        const shard = shardOfTube(host, wanted.tube);
        if (isWanted(host, shard, job.id, wanted)) {
          const body = bodyStart(host, shard, job.id, PREVIEW_BYTES);
          if (body !== undefined) jobs.push(summary(wanted, job, asBytes(body)));
        }
        return jobs.length >= limit;
      });
      hasMore = page.next > 0 || (page.jobs.at(-1)?.id ?? 0) > after;
    }
  });
  return { jobs, next: hasMore ? after : null, scanned };
}

function summary(
  { tube, state }: Wanted,
  job: ListedJob,
  preview: JobSummary["preview"],
): JobSummary {
  const figures = figuresOf(job);
  const number = (key: string): number => figures[key] ?? 0;
  return {
    id: job.id,
    tube,
    state,
    pri: number("pri"),
    ageSeconds: number("age"),
    delaySeconds: number("delay"),
    ttrSeconds: number("ttr"),
    leftSeconds: number("time-left"),
    bytes: number("bytes"),
    reserves: number("reserves"),
    timeouts: number("timeouts"),
    releases: number("releases"),
    buries: number("buries"),
    kicks: number("kicks"),
    failures: number("failures"),
    preview,
  };
}

function show(inProcess: InProcess, id: number): JobAnswer {
  const answer = inProcess.look((host) => {
    const facts = jobFacts(host, id);
    const body = facts && bodyStart(host, facts.shard, id, BODY_BYTES);
    if (facts === undefined || body === undefined) return undefined;
    const { shard: _, ...rest } = facts;
    const holder = holderOf(host, facts);
    const failures = keptFailures(host, facts).map(travelling);
    return { ...rest, bytes: body.length, holder, failures, body: asBytes(body) };
  });
  if (answer === undefined) throw noJob();
  return answer;
}

function travelling(failure: ReturnType<typeof keptFailures>[number]): Failure {
  const { attempt, atMicros, who, end, message } = failure;
  return {
    attempt,
    at: atMicros / MICROS,
    who,
    end: ENDS.find((one) => one === end) ?? "connection-lost",
    messageBase64: message === undefined ? "" : base64Of(message),
  };
}

/** The whole body, part by part, as fast as the other side takes it. */
function download(inProcess: InProcess, id: number): Answer {
  const facts = existing(inProcess, id);
  const stream = async (response: ServerResponse, signal: AbortSignal): Promise<void> => {
    const { shard } = facts;
    const start = inProcess.look((host) => bodyStart(host, shard, id, BODY_BYTES));
    let part = start?.bytes;
    let sent = 0;
    if (start?.length === 0) return;
    while (part !== undefined && part.length > 0 && !signal.aborted) {
      sent += part.length;
      if (!response.write(part)) await once(response, "drain", { signal });
      const position = sent;
      if (sent >= (start?.length ?? 0)) return;
      part = inProcess.look(() => bodyPart(shard, id, position));
    }
    throw noJob(); // it went away in between; what was sent is cut off, not taken for all of it
  };
  return {
    stream,
    type: "application/octet-stream",
    headers: { "content-disposition": `attachment; filename="job-${id}.bin"` },
  };
}

function existing(inProcess: InProcess, id: number): JobFacts {
  const facts = inProcess.look((host) => jobFacts(host, id));
  if (facts === undefined) throw noJob();
  return facts;
}

async function act(inProcess: InProcess, action: "kick" | "delete", id: number): Promise<void> {
  const command = action === "kick" ? "kick-job" : "delete";
  const reply = await inProcess.withConnection((own) => own.ask(`${command} ${id}`));
  if (reply.word === "KICKED" || reply.word === "DELETED") return;
  if (reply.word !== "NOT_FOUND") throw refused(reply);
  const { state } = existing(inProcess, id);
  const message = `the job is ${state}, so nobody else can ${action} it`;
  throw new HttpError(409, "HM_HTTP_STATE", message);
}
