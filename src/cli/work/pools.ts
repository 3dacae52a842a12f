/* Pools: which workers there are, made of what modules export, what the configuration says and what
 * was asked for on the command line.
 *
 * Invariants: a pool has all types of jobs of each tube that it takes from, so that it gives none
 * back for want of a handler; what the configuration names is there. Made by work.ts.
 */
import { HomemakerError } from "../../protocol/homemaker-error.ts";
import type { Duration } from "../../worker/duration.ts";
import type { Handler } from "../../worker/job-definition.ts";
import { workerSettings } from "../../worker/worker-options.ts";
import type { WorkerOptions, WorkerSettings } from "../../worker/worker-options.ts";
import type { JobsModule } from "./jobs-module.ts";
import type { PoolConfig, WorkConfig } from "./work-config.ts";
import { WorkError } from "./work-error.ts";

/** A worker to be made. */
export interface Pool {
  readonly name: string;
  readonly options: WorkerOptions<unknown>;
  /** The types of jobs that it runs. */
  readonly types: readonly string[];
  /** Its slots, in words: "10", "2 to 8". */
  readonly slots: string;
}

/** What the command line says of all pools. */
export interface PoolFlags {
  /** For pools that say nothing themselves. */
  readonly concurrency: number | undefined;
  /** For all. */
  readonly grace: Duration | undefined;
}

/** All pools, and the types of jobs that none of them runs. */
export interface Plan {
  readonly pools: readonly Pool[];
  readonly idle: readonly string[];
}

const ONLY_POOL = "default";

/** Makes the pools. Throws a WorkError. */
export function planOf(found: JobsModule, config: WorkConfig, flags: PoolFlags): Plan {
  const chosen = [...config.pools].filter(([name]) => !found.pools.has(name));
  const pools = [
    ...[...found.pools].map(([name, options]) =>
      pooled(name, { ...options, ...sizesOf(config.pools.get(name), name) }, config, flags),
    ),
    ...chosen.map(([name, pool]) => {
      const handlers = handlersFor(name, pool, config, found.handlers);
      return pooled(name, { ...sizesOf(pool), handlers }, config, flags);
    }),
  ];
  if (chosen.length === 0 && found.handlers.length > 0) {
    pools.push(pooled(nameBeside(found), { handlers: found.handlers }, config, flags));
  }
  const run = new Set(pools.flatMap(({ types }) => types));
  const idle = found.handlers.map(({ job }) => job.name).filter((type) => !run.has(type));
  return { pools, idle };
}

/** A module may export options of a worker by default, and handlers beside it. */
function nameBeside({ pools }: JobsModule): string {
  return pools.has(ONLY_POOL) ? "others" : ONLY_POOL;
}

/** What the configuration says of a pool's size; of one that a module exports, nothing else. */
function sizesOf(pool: PoolConfig | undefined, exported?: string): Partial<WorkerOptions<unknown>> {
  if (pool === undefined) return {};
  const { concurrency, prefetch, initRetry, jobs, classes } = pool;
  if (exported !== undefined && jobs.length + classes.length > 0) {
    throw new WorkError(`pool ${exported}: the module says which jobs it has`);
  }
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(prefetch !== undefined && { prefetch }),
    ...(initRetry !== undefined && { initRetry }),
  };
}

function pooled(
  name: string,
  options: WorkerOptions<unknown>,
  config: WorkConfig,
  { concurrency, grace = config.grace }: PoolFlags,
): Pool {
  const stop = {
    ...options.stop,
    ...(grace !== undefined && { grace }),
    ...(config.abort !== undefined && { abort: config.abort }),
  };
  const whole = { ...(concurrency !== undefined && { concurrency }), ...options, stop };
  const { handlers, slotsMin, slotsMax } = checked(name, whole);
  const slots = slotsMin === slotsMax ? `${slotsMax}` : `${slotsMin} to ${slotsMax}`;
  return { name, options: whole, types: [...handlers.keys()], slots };
}

/** What the worker will make of it. */
function checked(name: string, options: WorkerOptions<unknown>): WorkerSettings<unknown> {
  try {
    return workerSettings(options);
  } catch (error) {
    if (!(error instanceof HomemakerError)) throw error;
    throw new WorkError(`pool ${name}: ${error.message}`, { cause: error });
  }
}

function handlersFor(
  name: string,
  { jobs, classes }: PoolConfig,
  config: WorkConfig,
  all: readonly Handler<undefined>[],
): readonly Handler<undefined>[] {
  const patterns = [...jobs, ...classes.flatMap((one) => classOf(name, one, config))];
  if (patterns.length === 0) throw new WorkError(`pool ${name}: it has neither jobs nor classes`);
  for (const pattern of patterns) {
    if (all.some(({ job }) => matches(pattern, job.name))) continue;
    throw new WorkError(`pool ${name}: no module has a handler for ${pattern}`);
  }
  const chosen = all.filter(({ job }) => patterns.some((one) => matches(one, job.name)));
  checkTubes(name, chosen, all);
  return chosen;
}

function classOf(name: string, wanted: string, { classes }: WorkConfig): readonly string[] {
  const types = classes.get(wanted);
  if (types === undefined) throw new WorkError(`pool ${name}: there is no class ${wanted}`);
  return types;
}

function matches(pattern: string, type: string): boolean {
  return pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}

function checkTubes(
  name: string,
  chosen: readonly Handler<undefined>[],
  all: readonly Handler<undefined>[],
): void {
  const tubes = new Set(chosen.map(({ job }) => job.tube));
  const left = all.find((one) => tubes.has(one.job.tube) && !chosen.includes(one));
  if (left === undefined) return;
  const { name: type, tube } = left.job;
  throw new WorkError(
    `pool ${name}: it takes from the tube ${tube}, where jobs of the type ${type} are, too: ` +
      "one pool runs all types of a tube",
  );
}
