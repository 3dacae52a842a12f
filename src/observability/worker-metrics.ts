/* Worker metrics: what GET /metrics of `homemaker work` shows, counted from what workers tell.
 *
 * WORKER_METRICS is the one table of them: the registry, docs/metrics.md and the tests read it.
 * Labels are bounded: pools and types are those of the program. Made by cli/work/work.ts.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Worker } from "../worker/worker.ts";
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
  readonly #registry = new Registry();
  readonly #workers = new Map<string, Worker>();
  readonly #slots: Gauge;
  readonly #busy: Gauge;
  readonly #attempts: Counter;
  readonly #seconds: Histogram;
  readonly #initFailures: Counter;
  readonly #reconnects: Counter;

  constructor() {
    const { slots, busy, attempts, seconds, initFailures, reconnects } = WORKER_METRICS;
    this.#slots = new Gauge(this.#config(slots));
    this.#busy = new Gauge(this.#config(busy));
    this.#attempts = new Counter(this.#config(attempts));
    this.#seconds = new Histogram({ ...this.#config(seconds), buckets: BOUNDS_SECONDS });
    this.#initFailures = new Counter(this.#config(initFailures));
    this.#reconnects = new Counter(this.#config(reconnects));
  }

  /** Counts what a worker does from now on. */
  watch(pool: string, worker: Worker): void {
    this.#workers.set(pool, worker);
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
  }

  /** All of them in Prometheus' text format. */
  text(): Promise<string> {
    for (const [pool, worker] of this.#workers) {
      const status = worker.status();
      this.#slots.set({ pool }, status.slots);
      this.#busy.set({ pool }, status.busy.length);
    }
    return this.#registry.metrics();
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
