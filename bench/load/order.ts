/*
 * What the harness asks of a load process: one order, as JSON on its command line; it answers with
 * one sample, as JSON on its output.
 */
import type { Tagged } from "./additions.ts";

/** What carries the bytes between load and server. */
export type Scheme = "tcp" | "ws" | "tls";

/**
 * Where the server listens on 127.0.0.1, the process whose cost is read, and where it keeps its
 * jobs, if it does.
 */
export interface ServerAddress {
  readonly port: number;
  readonly pid: number;
  /** If absent: TCP. */
  readonly scheme?: Scheme;
  readonly directory?: string;
  /** Of HTTP, if it serves that. */
  readonly httpPort?: number;
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
  /**
   * If absent: each connection has a tube of its own. Present: all watch the same `watched` of
   * `total` tubes.
   */
  readonly tubes?: { readonly total: number; readonly watched: number };
  /**
   * Present: there are so many tubes, which the connections take in turn, and each goes on watching
   * `default` beside its own, as every connection does until it says otherwise.
   */
  readonly besideDefault?: number;
  /**
   * If absent: put, reserve, delete. Present: puts alone, and the jobs stay; or each job is
   * released once and reserved again before it is deleted; or a window brings each job.
   */
  readonly cycle?: "puts" | "releases" | "window";
  /** Present: put, reserve, delete with a tag at each put. */
  readonly tagged?: Tagged;
  /** Present: put, reserve, delete, where so many puts are a batch, and so many deletes. */
  readonly batch?: number;
}

/** A blocked reserve, answered by a put on another connection, again and again. */
export interface HandoverOrder {
  readonly kind: "handover";
  /** Connections that put in turn; a server with several threads spreads them. */
  readonly producers: number;
  readonly seconds: number;
  /**
   * Whether to divide the connections that put into a near and a far group: the server's threads.
   */
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
  /** What each is tagged with, behind which a number of its own comes. If absent: nothing. */
  readonly tag?: string;
}

/** Jobs put and left lying, spread over the tubes of several connections. */
export interface StockOrder {
  readonly kind: "stock";
  /** A multiple of `connections` x 500. */
  readonly jobs: number;
  readonly connections: number;
}

/** A backlog that is put, and then drained while somebody else uses another tube. */
export interface BacklogOrder {
  readonly kind: "backlog";
  /** A multiple of `connections` x `pipelined`. */
  readonly jobs: number;
  readonly bodyBytes: number;
  readonly connections: number;
  /** Commands of one wave. */
  readonly pipelined: number;
}

/**
 * A backlog that rises and falls, of jobs of several sizes that are put, reserved, buried, kicked,
 * released and deleted, beside one that stays.
 */
export interface MixedOrder {
  readonly kind: "mixed";
  readonly seconds: number;
  readonly segmentBytes: number;
}

/** put, reserve, delete, one at a time, on a server with many tubes, beside somebody else. */
export interface ScrapedOrder {
  readonly kind: "scraped";
  /** Tubes that have a job, a multiple of 500. */
  readonly tubes: number;
  readonly seconds: number;
  /**
   * Who else is there: nobody, one who scrapes the metrics without a pause, or a process that does
   * nothing but keep a core busy.
   */
  readonly beside: "nobody" | "scraper" | "neighbour";
}

/** Jobs of a framework: a producer and a worker in one process, and handlers that do nothing. */
export interface FrameworkOrder {
  readonly kind: "framework";
  readonly library: "homemaker" | "bullmq";
  /**
   * As many jobs under way as run at a time, each followed by another; or `jobs` that are there
   * when the worker begins; or one at a time, to a worker that has nothing to do.
   */
  readonly load: "circle" | "backlog" | "idle";
  readonly concurrency: number;
  /** If absent: none. */
  readonly prefetch?: number;
  readonly jobs?: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** Any of them. */
export type Order =
  | PipelinedOrder
  | HandoverOrder
  | CrowdOrder
  | FillOrder
  | StockOrder
  | BacklogOrder
  | MixedOrder
  | ScrapedOrder
  | FrameworkOrder;
