/* Prometheus: what queues and workers of this process do, as metrics of prom-client.
 *
 * Labels are types of jobs, tubes and names of workers, which programs choose, never ids. Gauges
 * are read when somebody scrapes. Invariant: a queue that does not answer harms no scrape; its jobs
 * are left out, and `homemaker_queue_up` says so. Handed out by src/entries/prometheus.ts.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { WorkerMetrics } from "../observability/worker-metrics.ts";
import type { Telemetry, WatchedQueue } from "../worker/telemetry.ts";

/** What may be said about the metrics. */
export interface PrometheusOptions {
  /** Where they are registered; a registry of their own if absent. */
  readonly register?: Registry;
  /** The bounds of how long jobs wait, in seconds. */
  readonly buckets?: readonly number[];
  /** Tubes whose jobs are counted, beside those that workers of this process take from. */
  readonly tubes?: readonly string[];
  /** What time it is, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** Metrics, to be given to `openQueue`. */
export interface Prometheus extends Telemetry {
  /** Where they are registered. */
  readonly register: Registry;
}

const BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600];
const SECOND = 1000;
const STATES = ["available", "scheduled", "active", "discarded"] as const;

/** Makes metrics of all queues that they are given to, and of their workers. */
export function prometheus(options: PrometheusOptions = {}): Prometheus {
  const { register = new Registry(), buckets = BUCKETS_SECONDS, now = Date.now } = options;
  const workers = new WorkerMetrics(register);
  const enqueued = counterIn(register, "homemaker_enqueued_jobs_total", "Jobs that were enqueued");
  const notEnqueued = counterIn(
    register,
    "homemaker_enqueue_failures_total",
    "Jobs that could not be enqueued, or of which that is not known",
  );
  const wait = new Histogram({
    name: "homemaker_attempt_wait_seconds",
    help: "From the time that a job was enqueued until its first attempt",
    labelNames: ["type"],
    buckets: [...buckets],
    registers: [register],
  });
  const queues = new Set<WatchedQueue>();
  const tubes = new Set(options.tubes);
  queueGauges(register, queues, tubes);
  return {
    register,
    queue: (queue) => void queues.add(queue),
    worker(worker) {
      for (const tube of worker.status().tubes) tubes.add(tube);
      workers.watch(worker.name, worker);
    },
    enqueuing: ({ type, count }) => ({
      enqueued: () => enqueued.inc({ type }, count),
      failed: () => notEnqueued.inc({ type }, count),
    }),
    attempting({ type, attempt, enqueuedAt }) {
      if (attempt === 1 && enqueuedAt !== undefined) {
        wait.observe({ type }, Math.max(0, now() - enqueuedAt.getTime()) / SECOND);
      }
      return undefined;
    },
  };
}

function counterIn(register: Registry, name: string, help: string): Counter<"type"> {
  return new Counter({ name, help, labelNames: ["type"], registers: [register] });
}

function queueGauges(
  register: Registry,
  queues: ReadonlySet<WatchedQueue>,
  tubes: ReadonlySet<string>,
): void {
  let looking: Promise<void> | undefined;
  /** Both gauges are of one look. */
  const looked = (): Promise<void> => {
    looking ??= look().finally(() => (looking = undefined));
    return looking;
  };
  const up = new Gauge({
    name: "homemaker_queue_up",
    help: "Whether all queues have said how many jobs there are",
    registers: [register],
    collect: looked,
  });
  const jobs = new Gauge({
    name: "homemaker_queue_jobs",
    help: "Jobs by their tube and state",
    labelNames: ["tube", "state"],
    registers: [register],
    collect: looked,
  });
  const look = async (): Promise<void> => {
    const asked = [...queues].flatMap((queue) =>
      [...tubes].map(async (tube) => ({ tube, stats: await queue.stats(tube) })),
    );
    const answers = await Promise.allSettled(asked);
    up.set(Number(answers.every(({ status }) => status === "fulfilled")));
    jobs.reset();
    for (const answer of answers) {
      if (answer.status === "rejected") continue; // `homemaker_queue_up` says so
      const { tube, stats } = answer.value;
      for (const state of STATES) jobs.inc({ tube, state }, stats[state]);
    }
  };
}
