/* Methods: what can be called at the door: insert, ping, echo, stats, health, quit.
 *
 * Invariants: an insert is answered when its jobs are as safe as the queue promises; if one of many
 * is wrong none is put. Called by conversation.ts.
 */
import type { PutOutcome } from "../worker/backend.ts";
import type { AnyJob } from "../worker/job-definition.ts";
import type { JobQueue } from "../worker/job-queue.ts";
import type { CallLog } from "./call-log.ts";
import type { Call, Outcome } from "./dialects.ts";
import { DoorError, doorErrorOf } from "./door-error.ts";
import { insertedJob } from "./inserted-job.ts";

/** Who calls. */
export interface Caller {
  /** Address and port. */
  readonly peer: string;
  readonly isLoopback: boolean;
}

/** What they work with. */
export interface MethodParts {
  readonly queue: JobQueue;
  readonly definitions: ReadonlyMap<string, AnyJob> | undefined;
  readonly log: CallLog;
  readonly now: () => number;
  /** Why nobody should count on it; undefined if there is no reason. */
  readonly trouble: () => string | undefined;
  /** Connections there are. */
  readonly connections: () => number;
  /** Ends what there is to end; undefined where nobody may. */
  readonly quit: (() => void) | undefined;
  /** Told what only a defect throws. */
  readonly failed: (error: unknown) => void;
}

/** Jobs that one insert may have. */
const JOBS_MAX = 10_000;
/** Jobs that a back end is given at a time. */
const PUT_MAX = 1000;
const HEALTH_TIMEOUT_MS = 5000;

/** Returns a value, or a promise of one. */
type Method = (params: unknown, caller: Caller) => unknown;

/** The methods of one door. */
export class Methods {
  readonly #parts: MethodParts;
  readonly #methods: Readonly<Record<string, Method>> = {
    insert: (params) => this.#insert(params),
    ping: () => "pong",
    echo: (params) => params,
    stats: (params) => this.#stats(params),
    health: () => this.#health(),
    quit: (_, caller) => this.#quit(caller),
  };

  constructor(parts: MethodParts) {
    this.#parts = parts;
  }

  /** Carries a call out. Never rejects. */
  async run({ method, params }: Call, caller: Caller): Promise<Outcome> {
    const started = performance.now();
    const outcome = await this.#outcome(method, params, caller);
    this.#parts.log.add({
      at: new Date(this.#parts.now()),
      peer: caller.peer,
      method,
      jobs: method === "insert" ? jobsIn(params).length : 0,
      millis: performance.now() - started,
      outcome: "error" in outcome ? outcome.error.code : "ok",
    });
    return outcome;
  }

  async #outcome(method: string, params: unknown, caller: Caller): Promise<Outcome> {
    try {
      const run = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
      if (run === undefined) {
        const known = Object.keys(this.#methods).join(", ");
        throw new DoorError("HM_METHOD", `there is no such method; there are ${known}`);
      }
      return { value: await run(params, caller) };
    } catch (thrown) {
      const error = doorErrorOf(thrown);
      if (error.code === "HM_INTERNAL") this.#parts.failed(thrown);
      return { error };
    }
  }

  async #insert(params: unknown): Promise<unknown> {
    const { queue, definitions, now } = this.#parts;
    const jobs = jobsIn(params);
    if (jobs.length > JOBS_MAX) {
      throw new DoorError("HM_PARAMS", `an insert has at most ${JOBS_MAX} jobs`);
    }
    const making = { can: queue.can, definitions, nowMillis: now() };
    const raws = await Promise.all(jobs.map((job) => insertedJob(job, making)));
    const outcomes: PutOutcome[] = [];
    for (let at = 0; at < raws.length; at += PUT_MAX) {
      outcomes.push(...(await queue.backend.put(raws.slice(at, at + PUT_MAX))));
    }
    if (isMany(params)) return outcomes.map(told);
    const [only] = outcomes;
    if (only === undefined) throw new RangeError("the back end said nothing of a job");
    if ("error" in only) throw only.error;
    return told(only);
  }

  async #stats(params: unknown): Promise<unknown> {
    const { queue, log, connections } = this.#parts;
    const stats = await queue.stats(tubeIn(params));
    return { ...stats, connections: connections(), ...log.counts };
  }

  async #health(): Promise<unknown> {
    const why = this.#parts.trouble();
    if (why !== undefined) return { status: "unavailable", why };
    const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
    try {
      await this.#parts.queue.stats(undefined, { signal });
      return { status: "ok" };
    } catch (error) {
      const { code } = doorErrorOf(error);
      if (code === "HM_NOT_SUPPORTED") return { status: "ok" }; // this back end cannot be asked
      return { status: "unavailable", why: "the queue does not answer" };
    }
  }

  #quit({ isLoopback }: Caller): unknown {
    const { quit } = this.#parts;
    if (quit === undefined) throw new DoorError("HM_NOT_ALLOWED", "nobody may end it from here");
    if (!isLoopback) {
      throw new DoorError("HM_NOT_ALLOWED", "only from the same machine it may be ended");
    }
    quit();
    return "stopping";
  }
}

/** An array of jobs, or an object with one: `{"jobs":[...]}`. */
function isMany(params: unknown): boolean {
  return Array.isArray(params) || hasJobs(params);
}

function hasJobs(params: unknown): params is { readonly jobs: readonly unknown[] } {
  const isObject = typeof params === "object" && params !== null;
  return isObject && "jobs" in params && Array.isArray(params.jobs);
}

function jobsIn(params: unknown): readonly unknown[] {
  if (hasJobs(params)) return params.jobs;
  return Array.isArray(params) ? (params as readonly unknown[]) : [params];
}

function told(outcome: PutOutcome): unknown {
  if ("id" in outcome) {
    const { id, isNew, isSpooled = false } = outcome;
    return { id, state: isSpooled ? "spooled" : isNew ? "new" : "already-there" };
  }
  const { code, message } = doorErrorOf(outcome.error);
  return { error: { code, message } };
}

/** `"mails"`, `["mails"]` or `{"tube":"mails"}`; undefined for all tubes. */
function tubeIn(params: unknown): string | undefined {
  const isObject = typeof params === "object" && params !== null;
  const named = isObject && "tube" in params ? params.tube : params;
  const tube = Array.isArray(named) ? (named as readonly unknown[])[0] : named;
  if (typeof tube === "string") return tube;
  if (tube === undefined || tube === null || isEmpty(tube)) return undefined;
  throw new DoorError("HM_PARAMS", "stats takes the name of a tube, or nothing");
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
