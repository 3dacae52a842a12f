/* Work: `homemaker work`: opens the queue, makes the workers that modules and configuration say,
 * and runs them until it is told to stop.
 *
 * Nothing is taken from the queue before all is known to be right. Health is answered from the
 * first moment on. Called by ../main.ts, which ends the process with the exit code: a handler that
 * was left behind may go on otherwise.
 */
import { createWorker, directoryBlobs, openQueue } from "../../entries/queue.ts";
import type { QueueTarget } from "../../entries/queue.ts";
import { openWorkerPort } from "../../http/worker-port.ts";
import { openLog } from "../../observability/log.ts";
import { openWorkerLog } from "../../observability/worker-log.ts";
import { WorkerMetrics } from "../../observability/worker-metrics.ts";
import { HomemakerError } from "../../protocol/homemaker-error.ts";
import { BindError } from "../../runtime.ts";
import type { Runtime } from "../../runtime.ts";
import { JournalError } from "../../broker/errors.ts";
import { whyOf } from "../../system-error.ts";
import { PROGRAM, VERSION } from "../../version.ts";
import type { JobQueue } from "../../worker/job-queue.ts";
import type { Logger } from "../../worker/logger.ts";
import { shownUrl } from "../../protocol/place-url.ts";
import type { StopReport } from "../../worker/worker-status.ts";
import type { Worker } from "../../worker/worker.ts";
import { jobsOf } from "./jobs-module.ts";
import { planOf } from "./pools.ts";
import type { Plan } from "./pools.ts";
import { Readiness } from "./readiness.ts";
import { NEXT_REQUEST_MS, StopRequests } from "./stop-requests.ts";
import type { WorkCommand } from "./work-command.ts";
import { NO_CONFIG, workConfigOf } from "./work-config.ts";
import type { WorkConfig } from "./work-config.ts";
import { WorkError } from "./work-error.ts";

/** What it asks for beside the runtime. */
export interface WorkSurroundings {
  readonly runtime: Runtime;
  /**
   * The exports of a module; of a JSON file, its value as the default one. It says why, and the
   * exit code is 1, if the process ends meanwhile, unless that was told to stop by then.
   */
  importModule(path: string, stopped: Promise<void>): Promise<Readonly<Record<string, unknown>>>;
  /** A path that another file names, seen from that file. */
  beside(file: string, path: string): string;
}

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
/** How long what was said last gets to be read. */
const LAST_WORDS_MS = 500;

/** Runs workers until it is told to stop. Returns the exit code. */
export async function work(command: WorkCommand, around: WorkSurroundings): Promise<number> {
  const { runtime } = around;
  try {
    return await new Work(command, around).run();
  } catch (error) {
    if (!isStartError(error)) throw error;
    runtime.errors.write(`${PROGRAM}: work: ${error.message}\n`);
    return EXIT_FAILED;
  } finally {
    await Promise.all([runtime.output, runtime.errors].map((one) => one.finish(LAST_WORDS_MS)));
  }
}

function isStartError(error: unknown): error is Error {
  const kinds = [WorkError, HomemakerError, BindError, JournalError];
  return kinds.some((kind) => error instanceof kind);
}

/** A worker with the name of its pool. */
interface Running {
  readonly name: string;
  readonly worker: Worker;
}

/** All that is needed to run. */
interface Opened {
  readonly queue: JobQueue;
  readonly plan: Plan;
  readonly where: string;
}

class Work {
  readonly #command: WorkCommand;
  readonly #around: WorkSurroundings;
  readonly #metrics = new WorkerMetrics();
  readonly #readiness = new Readiness();
  readonly #logger: Logger;
  readonly #requests: StopRequests;

  constructor(command: WorkCommand, around: WorkSurroundings) {
    this.#command = command;
    this.#around = around;
    const settings = { verbosity: command.verbosity, sink: around.runtime.errors };
    this.#logger = openWorkerLog(settings);
    this.#requests = new StopRequests(around.runtime);
  }

  async run(): Promise<number> {
    const { runtime } = this.#around;
    const { http: options, verbosity } = this.#command;
    const log = openLog({ verbosity, sink: runtime.errors });
    const http =
      options.httpPort === undefined
        ? undefined
        : openWorkerPort({
            options,
            log,
            trouble: () => this.#readiness.trouble(),
            metrics: () => this.#metrics.text(),
          });
    try {
      if (http !== undefined) this.#say(`health and metrics on http://${await http.listen()}`);
      return await this.#withQueue();
    } finally {
      await http?.stop();
      log.flush();
    }
  }

  async #withQueue(): Promise<number> {
    const starting = this.#start();
    // Whoever is told to stop before anything runs need not wait for what may never come.
    const opened = await Promise.race([starting, this.#requests.first]);
    if (opened === undefined) return this.#leave(starting);
    try {
      return await this.#runAll(opened);
    } finally {
      await opened.queue.close();
    }
  }

  /** What has begun ends with the process. */
  #leave(starting: Promise<Opened>): number {
    starting.catch((error: unknown) => this.#logger.debug({ error }, "it could not have started"));
    this.#say("stopped before it began");
    return EXIT_DONE;
  }

  async #start(): Promise<Opened> {
    const config = await this.#config();
    const plan = await this.#plan(config);
    const { target, where } = this.#target(config);
    const { blobs, token } = this.#command;
    const elsewhere = blobs === undefined ? {} : { blobs: { store: directoryBlobs(blobs) } };
    return { queue: await openQueue(target, { ...elsewhere, token }), plan, where };
  }

  async #config(): Promise<WorkConfig> {
    const { config: path } = this.#command;
    if (path === undefined) return NO_CONFIG;
    const { default: value } = await this.#import(path);
    return workConfigOf(path, value);
  }

  async #plan(config: WorkConfig): Promise<Plan> {
    const { modules, config: file = "", concurrency, graceMillis } = this.#command;
    const paths = [...modules, ...config.modules.map((path) => this.#around.beside(file, path))];
    if (paths.length === 0) throw new WorkError(`${file}: it names no modules, nor does --jobs`);
    const exported: (readonly [string, Readonly<Record<string, unknown>>])[] = [];
    for (const path of paths) exported.push([path, await this.#import(path)]);
    return planOf(jobsOf(exported), config, { concurrency, grace: graceMillis });
  }

  async #import(path: string): Promise<Readonly<Record<string, unknown>>> {
    try {
      return await this.#around.importModule(path, this.#requests.first);
    } catch (cause) {
      throw new WorkError(`${path} does not load: ${reasonOf(cause)}`, { cause });
    }
  }

  /** The command line's word goes before that of the configuration. */
  #target(config: WorkConfig): { readonly target: QueueTarget; readonly where: string } {
    const { queue, directory, queueDefault, config: file = "" } = this.#command;
    const said = queue ?? directory;
    const besides = config.directory && this.#around.beside(file, config.directory);
    const dir = said === undefined ? besides : directory;
    if (dir !== undefined) return { target: { directory: dir }, where: dir };
    const url = queue ?? config.queue ?? queueDefault;
    return { target: url as QueueTarget, where: shownUrl(url) };
  }

  async #runAll({ queue, plan, where }: Opened): Promise<number> {
    const running = plan.pools.map(({ name, options }) => this.#make(queue, name, options));
    for (const { name, types, slots } of plan.pools) {
      this.#say(`working on ${where} (pool ${name}, slots: ${slots}): ${types.join(", ")}`);
    }
    if (plan.idle.length > 0) {
      this.#logger.info({ types: plan.idle }, "no pool of this process runs these jobs");
    }
    this.#readiness.begin(
      queue,
      running.map(({ worker }) => worker),
    );
    let failed: unknown;
    const runs = running.map(({ worker }) => worker.run());
    const lost = Promise.all(runs).then(
      () => undefined,
      (error: unknown) => {
        failed = error;
      },
    );
    await Promise.race([this.#requests.first, lost]);
    this.#readiness.end();
    const report = await this.#stop(running);
    await Promise.allSettled(runs);
    this.#say(
      `stopped (finished: ${report.finished}, handed back: ${report.handedBack}, ` +
        `abandoned: ${report.abandoned})`,
    );
    if (failed !== undefined) {
      this.#logger.error({ error: failed }, "a worker cannot go on");
      return EXIT_FAILED;
    }
    return report.abandoned > 0 ? EXIT_FAILED : EXIT_DONE;
  }

  #make(queue: JobQueue, name: string, options: Plan["pools"][number]["options"]): Running {
    const logger = this.#logger.child?.({ pool: name }) ?? this.#logger;
    const worker = createWorker(queue, { logger, name, ...options });
    this.#metrics.watch(name, worker);
    return { name, worker };
  }

  async #stop(running: readonly Running[]): Promise<StopReport> {
    this.#requests.onSecond(() => {
      for (const { worker } of running) void worker.stop({ grace: 0 });
    });
    const hint = setTimeout(() => this.#sayWhatRuns(running), NEXT_REQUEST_MS);
    const reports = await Promise.all(running.map(({ worker }) => worker.stop()));
    clearTimeout(hint);
    const sum = (of: keyof StopReport): number => reports.reduce((all, one) => all + one[of], 0);
    return {
      finished: sum("finished"),
      handedBack: sum("handedBack"),
      abandoned: sum("abandoned"),
    };
  }

  #sayWhatRuns(running: readonly Running[]): void {
    const jobs = running.reduce((sum, { worker }) => sum + worker.status().busy.length, 0);
    this.#say(`stopping (running: ${jobs}); another signal tells handlers to stop at once`);
  }

  #say(what: string): void {
    this.#around.runtime.output.write(`${PROGRAM} ${VERSION} ${what}\n`);
  }
}

/** In one line; of code that cannot be read, with its place, which Node puts before all else. */
function reasonOf(error: unknown): string {
  const [why = ""] = whyOf(error).split("\n");
  const [place = ""] = error instanceof SyntaxError ? (error.stack ?? "").split("\n") : [];
  return /:\d+$/.test(place) ? `${place}: ${why}` : why;
}
