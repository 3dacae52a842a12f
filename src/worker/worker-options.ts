/* WorkerOptions: what may be said about a worker, and WorkerSettings: the same, checked, in final
 * units.
 */
import type { Clock } from "../clock.ts";
import { leastRecentlyUsed } from "./dispatcher.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { BadOptionError } from "./errors.ts";
import { on } from "./handler.ts";
import { harmlessLogger } from "./harmless.ts";
import { checkNames } from "./known-options.ts";
import type { Known } from "./known-options.ts";
import type { HandlerModule, Isolate, Isolation } from "./isolation.ts";
import type { Handler, JobContext, On } from "./job-definition.ts";
import type { Logger } from "./logger.ts";
import type { JobQueue } from "./job-queue.ts";
import { SYSTEM_TIME } from "./time.ts";
import { tubeLimits } from "./worker-limits.ts";
import type { LocalRate, TubeLimit } from "./worker-limits.ts";

/** Called around each attempt. */
export interface Hooks<State = unknown> {
  /** Before the handler; what it throws fails the attempt. */
  before?(context: JobContext<State>): void | Promise<void>;
  /** After the handler, with what it threw if it did. What this throws is only logged. */
  after?(context: JobContext<State>, error: unknown): void | Promise<void>;
}

/** Slots by the load, and by how late the event loop runs. */
export interface ConcurrencyRange {
  readonly min: number;
  readonly max: number;
  /** With the loop later than that there are fewer slots; 10 ms if absent. */
  readonly maxLag?: Duration;
}

/** How a worker stops. */
export interface StopOptions {
  /** How long jobs that run may take to end; 10 s if absent. */
  readonly grace?: Duration;
}

/** What may be said about a worker. */
export interface WorkerOptions<State> {
  /**
   * What it is called in metrics and logs, and in the list of the server's workers, beside its host
   * and process; "worker" if absent.
   */
  readonly name?: string;
  /** What it runs: an array, or a function that is given `on`, which knows the state's type. */
  readonly handlers:
    | readonly Handler<undefined>[]
    | ((on: On<State>) => readonly Handler<State>[])
    | HandlerModule;
  /**
   * Where the handlers of a module are run: each slot has a thread, or a process, of its own. A
   * thread if absent.
   */
  readonly isolate?: Isolate;
  /** The most that the heap of each such thread or process may grow to, where it can be limited. */
  readonly heapMegabytes?: number;
  /**
   * Makes the state of a slot, once for each. What is put on the stack is disposed of when the slot
   * ends. The signal is aborted when the worker stops meanwhile.
   */
  readonly init?: (stack: AsyncDisposableStack, signal: AbortSignal) => State | Promise<State>;
  /** How long after `init` threw it is called again; 5 s if absent. */
  readonly initRetry?: Duration;
  /** How many jobs run at a time; 10 if absent. */
  readonly concurrency?: number | ConcurrencyRange;
  /** How many jobs are held ready beside those that run; none if absent. */
  readonly prefetch?: number;
  /** The most jobs of a tube that this worker has at a time, by tube. */
  readonly localLimits?: Readonly<Record<string, number>>;
  /** The most jobs of a tube that this worker takes in a while, by tube. */
  readonly localRate?: Readonly<Record<string, LocalRate>>;
  /**
   * How long a handler may hold up the event loop without its worker losing jobs, where the back
   * end can see to that; 5 min if absent. With 0 leases are renewed by the event loop alone.
   */
  readonly maxBlock?: Duration;
  /** Whether it enqueues what is due by the queue's schedules, too; true if absent. */
  readonly schedules?: boolean;
  readonly dispatch?: Dispatcher;
  readonly hooks?: Hooks<State>;
  /** Told what an operator should know; the queue's if absent. */
  readonly logger?: Logger;
  readonly stop?: StopOptions & {
    /** How long a handler may take that was told to stop; 5 s if absent. */
    readonly abort?: Duration;
  };
  /** Time, for all that waits; the queue's if absent. */
  readonly clock?: Clock;
  /** What time it is, in milliseconds since 1970; the queue's if absent. */
  readonly now?: () => number;
}

/** What a worker goes by. */
export interface WorkerSettings<State> {
  readonly name: string;
  readonly handlers: ReadonlyMap<string, Handler<State>>;
  readonly tubes: readonly string[];
  /** How its handlers are isolated, if they are. */
  readonly isolation: Isolation | undefined;
  readonly init: WorkerOptions<State>["init"];
  readonly initRetryMillis: number;
  readonly slotsMin: number;
  readonly slotsMax: number;
  readonly maxLagMillis: number;
  readonly prefetch: number;
  /** By tube. */
  readonly limits: ReadonlyMap<string, TubeLimit>;
  readonly maxBlockMillis: number;
  readonly schedules: boolean;
  readonly dispatch: Dispatcher;
  readonly hooks: Hooks<State>;
  readonly logger: Logger;
  readonly graceMillis: number;
  readonly abortMillis: number;
  readonly clock: Clock;
  readonly now: () => number;
}

const WORKER_OPTIONS: Known<WorkerOptions<unknown>> = {
  name: true,
  handlers: true,
  isolate: true,
  heapMegabytes: true,
  init: true,
  initRetry: true,
  concurrency: true,
  prefetch: true,
  localLimits: true,
  localRate: true,
  maxBlock: true,
  schedules: true,
  dispatch: true,
  hooks: true,
  logger: true,
  stop: true,
  clock: true,
  now: true,
};
const STOP_OPTIONS: Known<NonNullable<WorkerOptions<unknown>["stop"]>> = {
  grace: true,
  abort: true,
};
const NAME_DEFAULT = "worker";
const SLOTS_DEFAULT = 10;
const SLOTS_MOST = 1000;
const MAX_LAG_DEFAULT = "10ms";
const MAX_BLOCK_DEFAULT = "5m";
const INIT_RETRY_DEFAULT = "5s";
const GRACE_DEFAULT = "10s";
const ABORT_DEFAULT = "5s";
const nothing = (): void => undefined;
const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The settings of a worker. Throws a BadOptionError. */
export function workerSettings<State>(
  options: WorkerOptions<State>,
  { time, logger }: Pick<JobQueue, "time" | "logger"> = { time: SYSTEM_TIME, logger: undefined },
): WorkerSettings<State> {
  checkNames("createWorker", options, WORKER_OPTIONS);
  checkNames("stop", options.stop ?? {}, STOP_OPTIONS);
  const handlers = handlersOf(options);
  const tubes = [...new Set([...handlers.values()].map(({ job }) => job.tube))];
  return {
    name: options.name ?? NAME_DEFAULT,
    handlers,
    tubes,
    limits: tubeLimits(options, tubes),
    isolation: isolationOf(options),
    init: options.init,
    initRetryMillis: millisOf("initRetry", options.initRetry ?? INIT_RETRY_DEFAULT),
    ...slotsOf(options.concurrency ?? SLOTS_DEFAULT),
    maxBlockMillis: millisOf("maxBlock", options.maxBlock ?? MAX_BLOCK_DEFAULT),
    prefetch: counted("prefetch", options.prefetch ?? 0),
    schedules: options.schedules ?? true,
    dispatch: options.dispatch ?? leastRecentlyUsed(),
    hooks: options.hooks ?? {},
    logger: options.logger === undefined ? (logger ?? SILENT) : harmlessLogger(options.logger),
    graceMillis: millisOf("stop.grace", options.stop?.grace ?? GRACE_DEFAULT),
    abortMillis: millisOf("stop.abort", options.stop?.abort ?? ABORT_DEFAULT),
    clock: options.clock ?? time.clock,
    now: options.now ?? time.now,
  };
}

function handlersOf<State>({
  handlers,
}: WorkerOptions<State>): ReadonlyMap<string, Handler<State>> {
  const list = listOf(handlers);
  const byName = new Map(list.map((handler) => [handler.job.name, handler] as const));
  if (byName.size === 0) throw new BadOptionError("handlers: a worker has one or more");
  if (byName.size < list.length) {
    throw new BadOptionError("handlers: two of them are for jobs of the same name");
  }
  return byName;
}

function listOf<State>(handlers: WorkerOptions<State>["handlers"]): readonly Handler<State>[] {
  if (typeof handlers === "function") return handlers(on);
  if (typeof handlers !== "object") return [];
  if ("module" in handlers) return handlers.jobs.map((job) => ({ job, run: notHere }));
  const list = handlers as readonly Handler<State>[];
  const wrong = list.findIndex((handler) => typeof handler?.run !== "function");
  if (wrong < 0) return list;
  throw new BadOptionError(`handlers[${wrong}] is no handler; write definition.handler(...)`);
}

function notHere(): never {
  throw new TypeError("a handler of a module is not run beside the worker");
}

/** Throws a BadOptionError. */
function isolationOf<State>(options: WorkerOptions<State>): Isolation | undefined {
  const { handlers, isolate, heapMegabytes, init } = options;
  if (typeof handlers === "function" || !("module" in handlers)) {
    if (isolate === undefined && heapMegabytes === undefined) return undefined;
    throw new BadOptionError("isolate: the handlers must be those of a module: fromModule(url)");
  }
  if (init !== undefined) throw new BadOptionError("init: the module of the handlers exports it");
  if (heapMegabytes !== undefined && !(heapMegabytes > 0 && heapMegabytes < Infinity)) {
    throw new BadOptionError(`heapMegabytes: ${heapMegabytes} is no number above 0`);
  }
  return { isolate: isolate ?? "thread", module: handlers.module, heapMegabytes };
}

function slotsOf(
  concurrency: number | ConcurrencyRange,
): Pick<WorkerSettings<never>, "slotsMin" | "slotsMax" | "maxLagMillis"> {
  const range = typeof concurrency === "number" ? fixed(concurrency) : concurrency;
  const slotsMin = counted("concurrency", range.min);
  const slotsMax = counted("concurrency", range.max);
  if (slotsMax === 0) throw new BadOptionError("concurrency: with 0 no job would ever run");
  if (slotsMin > slotsMax) throw new BadOptionError("concurrency: min is more than max");
  const maxLagMillis = millisOf("concurrency.maxLag", range.maxLag ?? MAX_LAG_DEFAULT);
  return { slotsMin, slotsMax, maxLagMillis };
}

function fixed(count: number): ConcurrencyRange {
  return { min: count, max: count };
}

function counted(what: string, count: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= SLOTS_MOST) return count;
  throw new BadOptionError(`${what}: ${count} is no whole number from 0 to ${SLOTS_MOST}`);
}
