/*
 * Jobs: the routes about jobs: the list of a tube's, one job, its body, and what can be done to it.
 */
import { MICROS } from "../clock.ts";
import type { ServerResponse } from "node:http";
import { once } from "node:events";
import type { ClientConnection } from "../client/connection.ts";
import type { Shard } from "../engine/shard.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { Desk } from "../session/desk.ts";
import type {
  Failure,
  FailureEnd,
  JobAnswer,
  JobsAnswer,
  JobState,
  JobSummary,
} from "./api-jobs.ts";
import {
  choiceParameter,
  idOf,
  numberField,
  numberParameter,
  stringField,
  textParameter,
  tubeNameOf,
  U32_MAX,
} from "./fields.ts";
import { connectionOf } from "./connections.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { HttpError } from "./handler.ts";
import type { Answer, Call, Route } from "./handler.ts";
import {
  asBytes,
  base64Of,
  BodyReading,
  bodyStart,
  holderOf,
  jobFacts,
  keptFailures,
  progressOf,
  lastFailureMicros,
  latestFailure,
  lookAtBodies,
} from "./job-reading.ts";
import type { JobFacts } from "./job-reading.ts";
import { laidOutFailure } from "../worker/serialized-error.ts";
import { noJob, refused } from "./refusals.ts";
import { checkTube, PUT } from "./rights.ts";
import type { Grant } from "../protocol/rights.ts";
import { figuresOf, inSteps, isWanted, listJobs, shardOfTube } from "./job-scan.ts";
import type { ListedJob, Wanted } from "./job-scan.ts";

/** The states, as list-jobs has them. */
export const STATES: readonly JobState[] = ["ready", "reserved", "delayed", "buried"];
/** Most characters of a filter. */
export const FILTER_CHARACTERS_MAX = 1000;

const ENCODER = new TextEncoder();
const GROUP = /^[0-9a-f]{16}$/;
const ENDS: readonly FailureEnd[] = [
  "buried",
  "released",
  "timed-out",
  "connection-lost",
  "expired",
  "exhausted",
  "moved",
];

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
/** Jobs that one request looks at to find those that the filter wants. */
const SCAN_JOBS_MAX = 4000;
const LIST_PAGE = 1000;
/** Buried jobs that are sorted by when they were buried. */
const SORTED_JOBS_MAX = 10_000;
const ORDERS = ["id", "newest"] as const;
const DONE_WORDS: ReadonlySet<string> = new Set([
  "KICKED",
  "DELETED",
  "UPDATED",
  "CANCELLED",
  "CANCELLING",
  "MOVED",
]);
const PREVIEW_BYTES = 256;
const BODY_BYTES = 65_536;

/** The routes about jobs. */
export function jobRoutes(around: HttpSurroundings): readonly Route[] {
  const { inProcess } = around;
  return [
    {
      method: "GET",
      path: "/api/v1/tubes/:name/jobs",
      needs: "read",
      about: "tube",
      handler: async (call) => ({ json: await find(inProcess, call) }),
    },
    {
      method: "GET",
      path: "/api/v1/jobs/:id",
      needs: "read",
      about: "job",
      handler: async ({ params }) => {
        const json = await show(around, idOf(params["id"]));
        await inProcess.settled();
        return { json };
      },
    },
    {
      method: "GET",
      path: "/api/v1/jobs/:id/body",
      needs: "read",
      about: "job",
      handler: async ({ params }) => {
        const answer = download(inProcess, idOf(params["id"]));
        await inProcess.settled();
        return answer;
      },
    },
    {
      method: "POST",
      path: "/api/v1/jobs/:id/update",
      needs: "admin",
      about: "job",
      handler: async ({ params, body }) => {
        await update(inProcess, idOf(params["id"]), body);
        return { json: {} };
      },
    },
    {
      method: "POST",
      path: "/api/v1/jobs/:id/move",
      needs: "admin",
      about: "job",
      handler: async ({ params, body, grant }) => {
        await move(inProcess, idOf(params["id"]), body, grant);
        return { json: {} };
      },
    },
    ...(["kick", "delete", "cancel"] as const).map((action): Route => ({
      method: "POST",
      path: `/api/v1/jobs/:id/${action}`,
      needs: "admin",
      about: "job",
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
  const order = choiceParameter(query, "order", ORDERS, "id");
  if (order === "newest" && wanted.state !== "buried") {
    throw new HttpError(400, "HM_HTTP_FIELD", '"order" newest is for buried jobs');
  }
  const limit = numberParameter(query, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT);
  const after = numberParameter(query, "after", 0, Number.MAX_SAFE_INTEGER, 0);
  const ask = { wanted, limit, after, signal };
  return inProcess.withConnection((own) =>
    order === "newest" ? newestFirst(inProcess, own, ask) : byId(inProcess, own, ask),
  );
}

/** What a list is to be of. */
interface Ask {
  readonly wanted: Wanted;
  readonly limit: number;
  readonly after: number;
  readonly signal: AbortSignal;
}

async function byId(inProcess: InProcess, own: ClientConnection, ask: Ask): Promise<JobsAnswer> {
  const { wanted, limit, signal } = ask;
  const isPlain = wanted.filter === "" && wanted.group === undefined;
  let { after } = ask;
  let scanned = 0;
  let hasMore = true;
  const jobs: JobSummary[] = [];
  const isEnough = (): boolean =>
    !hasMore || jobs.length >= limit || scanned >= SCAN_JOBS_MAX || signal.aborted;
  const search = { wanted, lacks: () => limit - jobs.length };
  while (!isEnough()) {
    const page = await listJobs(own, wanted, after, isPlain ? limit : LIST_PAGE);
    const look = (desk: Desk, job: ListedJob): boolean => {
      const found = summaryOf(desk, wanted, job);
      scanned++;
      after = job.id;
      if (found !== undefined) jobs.push(found);
      return jobs.length >= limit;
    };
    await inSteps(inProcess, page.jobs, look, search);
    hasMore = page.next > 0 || (page.jobs.at(-1)?.id ?? 0) > after;
  }
  return { jobs, next: hasMore ? after : null, scanned };
}

/** Here `after` and `next` are how many were passed over of those that were buried later. */
async function newestFirst(
  inProcess: InProcess,
  own: ClientConnection,
  { wanted, limit, after, signal }: Ask,
): Promise<JobsAnswer> {
  const sorted = await buriedLately(inProcess, own, wanted, signal);
  const jobs: JobSummary[] = [];
  let at = after;
  const look = (desk: Desk, job: ListedJob): boolean => {
    const found = summaryOf(desk, wanted, job);
    at++;
    if (found !== undefined) jobs.push(found);
    return jobs.length >= limit || signal.aborted;
  };
  const search = { wanted, lacks: () => limit - jobs.length };
  await inSteps(inProcess, sorted.slice(after, after + SCAN_JOBS_MAX), look, search);
  return { jobs, next: at < sorted.length ? at : null, scanned: at - Math.min(after, at) };
}

/** All buried jobs, the one that was buried last first; of very many those that were put last. */
async function buriedLately(
  inProcess: InProcess,
  own: ClientConnection,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<readonly ListedJob[]> {
  let listed: ListedJob[] = [];
  for (let after = 0, isOver = false; !isOver && !signal.aborted;) {
    const page = await listJobs(own, wanted, after, LIST_PAGE);
    listed = [...listed, ...page.jobs].slice(-SORTED_JOBS_MAX);
    after = page.next;
    isOver = page.next === 0;
  }
  const buriedAt = new Map<ListedJob, number>();
  await inSteps(inProcess, listed, (desk, job) => {
    const shard = shardOfTube(desk, wanted.tube);
    const failures = figuresOf(job)["failures"] ?? 0;
    buriedAt.set(job, lastFailureMicros(desk, shard, job.id, failures) ?? 0);
    return signal.aborted;
  });
  const time = (job: ListedJob): number => buriedAt.get(job) ?? 0;
  return listed.toSorted((one, other) => time(other) - time(one) || other.id - one.id);
}

/** The job, if it is wanted and still there. */
function summaryOf(desk: Desk, wanted: Wanted, job: ListedJob): JobSummary | undefined {
  const shard = shardOfTube(desk, wanted.tube);
  if (!isWanted(desk, shard, job.id, wanted)) return undefined;
  const body = bodyStart(desk, shard, job.id, PREVIEW_BYTES);
  return body && summary(wanted, job, asBytes(body), failureOf(desk, shard, wanted, job));
}

function failureOf(
  desk: Desk,
  shard: Shard,
  { state }: Wanted,
  job: ListedJob,
): JobSummary["failure"] {
  if (state !== "buried") return null;
  const atMicros = lastFailureMicros(desk, shard, job.id, figuresOf(job)["failures"] ?? 0);
  const latest = latestFailure(desk, shard, job.id);
  if (atMicros === undefined || latest === undefined) return null;
  const { headline } = fingerprintOf(latest.message);
  return { headlineBase64: base64Of(headline), at: atMicros / MICROS };
}

function summary(
  { tube, state }: Wanted,
  job: ListedJob,
  preview: JobSummary["preview"],
  failure: JobSummary["failure"],
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
    failure,
  };
}

async function show(around: HttpSurroundings, id: number): Promise<JobAnswer> {
  const found = await lookAtBodies(around.inProcess, (desk) => {
    const facts = jobFacts(desk, id);
    const body = facts && bodyStart(desk, facts.shard, id, BODY_BYTES);
    if (facts === undefined || body === undefined) return undefined;
    const { shard: _, ...rest } = facts;
    const holderId = holderOf(desk, facts);
    const failures = keptFailures(desk, facts).map(travelling);
    const nowSeconds = (desk.common.wallBaseMicros + desk.now) / MICROS;
    const putAt = Math.min(nowSeconds - facts.ageSeconds, ...failures.map(({ at }) => at));
    const progress = progressOf(desk, facts);
    const answer = { ...rest, putAt, bytes: body.length, failures, progress, body: asBytes(body) };
    return { answer, holderId };
  });
  if (found === undefined) throw noJob();
  const { answer, holderId } = found;
  if (holderId === null) return { ...answer, holder: null };
  const connection = await connectionOf(around, holderId);
  const { peer = "", name = "", host = "" } = connection ?? {};
  return { ...answer, holder: { id: holderId, peer, name, host } };
}

function travelling(failure: ReturnType<typeof keptFailures>[number]): Failure {
  const { attempt, atMicros, who, end, message } = failure;
  return {
    attempt,
    at: atMicros / MICROS,
    who,
    end: ENDS.find((one) => one === end) ?? "connection-lost",
    messageBase64: message === undefined ? "" : base64Of(message),
    errorBase64: base64Of(ENCODER.encode(message && laidOutFailure(message))),
  };
}

/** The whole body, part by part, as fast as the other side takes it. */
function download(inProcess: InProcess, id: number): Answer {
  const facts = existing(inProcess, id);
  const stream = async (response: ServerResponse, signal: AbortSignal): Promise<void> => {
    const { shard } = facts;
    const reading = await lookAtBodies(inProcess, (desk) => BodyReading.begin(desk, shard, id));
    if (reading === undefined) throw noJob();
    try {
      for (;;) {
        const part = inProcess.look(() => reading.next());
        if (part === undefined || signal.aborted) return;
        if (!response.write(part)) await once(response, "drain", { signal });
      }
    } finally {
      inProcess.guard(() => reading.end());
    }
  };
  return {
    stream,
    type: "application/octet-stream",
    headers: { "content-disposition": `attachment; filename="job-${id}.bin"` },
  };
}

function existing(inProcess: InProcess, id: number): JobFacts {
  const facts = inProcess.look((desk) => jobFacts(desk, id));
  if (facts === undefined) throw noJob();
  return facts;
}

async function act(
  inProcess: InProcess,
  action: "kick" | "delete" | "cancel",
  id: number,
): Promise<void> {
  const command = action === "kick" ? "kick-job" : action;
  await tell(inProcess, id, `${command} ${id}`, action);
}

/** The body is an UpdateRequest; an absent `delaySeconds` leaves the state as it is. */
async function update(inProcess: InProcess, id: number, body: unknown): Promise<void> {
  const pri = numberField(body, "pri", 0, U32_MAX);
  const hasDelay = typeof body === "object" && body !== null && "delaySeconds" in body;
  const delay = hasDelay ? ` ${numberField(body, "delaySeconds", 0, U32_MAX)}` : "";
  await tell(inProcess, id, `update-job ${id} ${pri}${delay}`, "update");
}

/** The body is a MoveRequest. */
async function move(
  inProcess: InProcess,
  id: number,
  body: unknown,
  grant: Grant | undefined,
): Promise<void> {
  const tube = tubeNameOf(stringField(body, "tube"));
  checkTube(grant, PUT, tube);
  await tell(inProcess, id, `move ${id} ${tube}`, "move");
}

/** Sends a command about a job; `action` is what it is called where somebody else holds the job. */
async function tell(
  inProcess: InProcess,
  id: number,
  command: string,
  action: string,
): Promise<void> {
  const reply = await inProcess.withConnection((own) => own.ask(command));
  if (DONE_WORDS.has(reply.word)) return;
  if (reply.word !== "NOT_FOUND") throw refused(reply);
  const { state } = existing(inProcess, id);
  const message = `the job is ${state}, so nobody else can ${action} it`;
  throw new HttpError(409, "HM_HTTP_STATE", message);
}
