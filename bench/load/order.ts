/* What the harness asks of a load process: one order, as JSON on its command line; it answers with one sample, as JSON on its output. */

/** Where the server listens on 127.0.0.1, and the process whose cost is read. */
export interface ServerAddress {
  readonly port: number;
  readonly pid: number;
}

/** put, reserve, delete in waves of pipelined commands. */
export interface PipelinedOrder {
  readonly kind: "pipelined";
  readonly dialect: "beanstalk" | "mirror" | "redis";
  readonly connections: number;
  /** Commands of one wave. */
  readonly pipelined: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Absent: each connection has a tube of its own. Present: all watch the same `watched` of `total` tubes. */
  readonly tubes?: { readonly total: number; readonly watched: number };
}

/** A blocked reserve, answered by a put on another connection, again and again. */
export interface HandoverOrder {
  readonly kind: "handover";
  /** Connections that put in turn; a server with several threads spreads them. */
  readonly producers: number;
  readonly seconds: number;
  /** Whether to divide the connections that put into a near and a far group: the server's threads. */
  readonly grouped: boolean;
}

/** Connections that do nothing. */
export interface CrowdOrder {
  readonly kind: "crowd";
  readonly connections: number;
}

/** Jobs put and left lying. */
export interface FillOrder {
  readonly kind: "fill";
  readonly jobs: number;
}

/** Any of them. */
export type Order = PipelinedOrder | HandoverOrder | CrowdOrder | FillOrder;
