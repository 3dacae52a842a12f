/* What scenarios are made of: a server alone on its core, one as it starts, one that keeps its
 * jobs, the pipelined load, and a comparison with a peer.
 */
import { ALL_CORES, SERVER_CORE } from "./cores.ts";
import type { FigureName } from "./figures.ts";
import type { Order, PipelinedOrder } from "./load/order.ts";
import type { Comparison, Scale, ServedContender } from "./scenario.ts";
import type { ServerKind, SyncLevel } from "./server.ts";

/** Code that the runtime compiles while it runs is compiled after that, for the most part. */
const WARM_UP_SECONDS = 1;

/** A server with one thread on a core of its own. */
export function served(name: string, server: ServerKind, order: Order): ServedContender {
  return { name, server, threads: 1, cores: SERVER_CORE, order };
}

/** A server that was given no options, pinned to nothing, and neither is the load. */
export function asItStarts(name: string, server: ServerKind, order: Order): ServedContender {
  return { name, server, cores: ALL_CORES, loadCores: ALL_CORES, order };
}

/** The same server, keeping its jobs. */
export function keeping(
  of: ServedContender,
  level: SyncLevel,
  segmentBytes?: number,
): ServedContender {
  return { ...of, keeping: segmentBytes === undefined ? { level } : { level, segmentBytes } };
}

/** put, reserve, delete in waves of `depth`. */
export function pipelinedOrder(
  dialect: PipelinedOrder["dialect"],
  connections: number,
  depth: number,
  scale: Scale,
): PipelinedOrder {
  return {
    kind: "pipelined",
    dialect,
    connections,
    pipelined: depth,
    seconds: scale.seconds,
    warmUpSeconds: Math.min(WARM_UP_SECONDS, 2 * scale.seconds),
  };
}

/** What a comparison is held against. */
export interface Bound {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A figure of Homemaker's row against a peer's. */
export function ratio(
  what: string,
  figure: FigureName,
  bound: Bound,
  contender = "beanstalkd",
): Comparison {
  return { what, figure, of: "homemaker", against: { contender }, ...bound };
}
