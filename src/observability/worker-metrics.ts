/* Worker metrics: what GET /metrics of `homemaker work` shows, counted from what workers tell, and
 * what a program of one's own has of its workers (telemetry/prometheus.ts).
 *
 * WORKER_METRICS is the one table of them: the registry, docs/metrics.md and the tests read it.
 * Labels are bounded: pools and types are those of the program. Made by cli/work/work.ts and
 * telemetry/prometheus.ts.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { WatchedWorker } from "../worker/telemetry.ts";
import type { WorkerStatus } from "../worker/worker-status.ts";
import type { JobEvent } from "../worker/failure-mode.ts";

/** A metric as it is declared. */
export interface WorkerMetric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

/** Upper bounds of the buckets of how long attempts take. */
const BOUNDS_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800];

/** Every metric of a worker. */
export const WORKER_METRICS = {
  slots: {
    name: "homemaker_worker_slots",
    type: "gauge",
    labels: ["pool"],
    help: "Jobs that the pool can run at a time now.",
  },
  busy: {
    name: "homemaker_worker_busy_slots",
    type: "gauge",
    labels: ["pool"],
    help: "Jobs that the pool is running.",
  },
  initialising: {
    name: "homemaker_worker_initialising_slots",
    type: "gauge",
    labels: ["pool"],
    help: "Slots of the pool whose state is still being made.",
  },
  suspended: {
    name: "homemaker_worker_suspended",
    type: "gauge",
    labels: ["pool"],
    help: "Workers of the pool that are suspended.",
  },
  attempts: {
    name: "homemaker_worker_attempts_total",
    type: "counter",
    labels: ["pool", "type", "outcome"],
    help: "Attempts that are over; `outcome` is `success`, what became of a failed one (`retry`, `bury`, `move`, `abandon`), `cancelled`, `lease-lost`, or `handed-back` for a job that was given back with no attempt counted.",
  },
  seconds: {
    name: "homemaker_worker_attempt_seconds",
    type: "histogram",
    labels: ["pool", "type"],
    help: `From the call of a handler to the queue's word that the attempt is over. Buckets up to ${BOUNDS_SECONDS.join(", ")} s, and one for the rest.`,
  },
  initFailures: {
    name: "homemaker_worker_init_failures_total",
    type: "counter",
    labels: ["pool"],
    help: "Calls of `init` that threw.",
  },
  reconnects: {
    name: "homemaker_worker_reconnects_total",
    type: "counter",
    labels: ["pool"],
    help: "Times that the way to the jobs was lost.",
  },
} as const satisfies Readonly<Record<string, WorkerMetric>>;

/** The metrics of one program's workers. */
export class WorkerMetrics {
  readonly #registry: Registry;
  /** Each with its pool. */
  readonly #workers = new Map<WatchedWorker, string>();
  readonly #attempts: Counter;
  readonly #seconds: Histogram;
  readonly #initFailures: Counter;
  readonly #reconnects: Counter;

  constructor(registry: Registry = new Registry()) {
    const { slots, busy, initialising, suspended } = WORKER_METRICS;
    const { attempts, seconds, initFailures, reconnects } = WORKER_METRICS;
    this.#registry = registry;
    this.#gauge(slots, (status) => status.slots);
    this.#gauge(busy, (status) => status.busy.length);
    this.#gauge(initialising, (status) => status.initialising);
    this.#gauge(suspended, (status) => Number(status.isSuspended));
    this.#attempts = new Counter(this.#config(attempts));
    this.#seconds = new Histogram({ ...this.#config(seconds), buckets: BOUNDS_SECONDS });
    this.#initFailures = new Counter(this.#config(initFailures));
    this.#reconnects = new Counter(this.#config(reconnects));
  }

  /** Counts what a worker does from now on. */
  watch(pool: string, worker: WatchedWorker): void {
    this.#workers.set(worker, pool);
    const startedMillis = new Map<string, number>();
    const over = (outcome: string, { id, type }: JobEvent): void => {
      this.#attempts.inc({ pool, type, outcome });
      const started = startedMillis.get(id);
      if (started === undefined) return;
      startedMillis.delete(id);
      this.#seconds.observe({ pool, type }, (performance.now() - started) / 1000);
    };
    worker.on("start", ({ id }) => void startedMillis.set(id, performance.now()));
    worker.on("success", (event) => over("success", event));
    worker.on("failure", (event) => over(event.verdict, event));
    worker.on("handedBack", (event) => over("handed-back", event));
    worker.on("leaseLost", (event) => over("lease-lost", event));
    worker.on("cancelled", (event) => over("cancelled", event));
    worker.on("initFailed", () => this.#initFailures.inc({ pool }));
    worker.on("reconnecting", () => this.#reconnects.inc({ pool }));
    worker.on("stopped", () => void this.#workers.delete(worker));
  }

  /** All of them in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** One that is read from the workers whenever somebody asks. */
  #gauge(metric: WorkerMetric, valueOf: (status: WorkerStatus) => number): void {
    const gauge: Gauge<"pool"> = new Gauge({
      ...this.#config(metric),
      collect: () => {
        gauge.reset();
        for (const [worker, pool] of this.#workers) gauge.inc({ pool }, valueOf(worker.status()));
      },
    });
  }

  #config({ name, help, labels }: WorkerMetric): {
    readonly name: string;
    readonly help: string;
    readonly labelNames: string[];
    readonly registers: Registry[];
  } {
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
