/* A scenario: what is measured, on which servers, and what the figures are held against. The
 * scenarios themselves are in scenarios/, by what they tell.
 */
import type { FigureName } from "./figures.ts";
import type { Order, Scheme, StockOrder } from "./load/order.ts";
import type { BenchRuntime, Keeping, ServerKind } from "./server.ts";

/** How long and how much. */
export interface Scale {
  /** Length of a timed window. */
  readonly seconds: number;
  readonly jobs: number;
  readonly idleConnections: number;
  /** Length of the run in which the disk is weighed. */
  readonly diskSeconds: number;
}

/**
 * One row of a scenario's table: a server and the load on it, a server that is restarted, or a
 * program that measures itself.
 */
export type Contender = ServedContender | RestartContender | ProgramContender;

/** A server in its own process, driven by a load process. */
export interface ServedContender {
  readonly name: string;
  readonly server: ServerKind;
  /** If absent: the server's own choice. */
  readonly threads?: number;
  /** If absent: the server's own choice. */
  readonly shards?: number;
  readonly cores: string;
  /** If absent: the load has a core of its own. */
  readonly loadCores?: string;
  /** If absent: in memory only. */
  readonly keeping?: Keeping;
  /** Whether it serves HTTP. */
  readonly http?: true;
  /** What homemaker runs on; Node if absent. */
  readonly runtime?: BenchRuntime;
  /** What the load comes by; a server that has a choice. If absent: TCP. */
  readonly scheme?: Scheme;
  /** Bytes that the disk must have free: it is left out where there are fewer. */
  readonly diskBytes?: number;
  /** Seconds after which the load is given up; if absent, what suffices for most. */
  readonly runSeconds?: number;
  readonly order: Order;
}

/** A server that keeps its jobs on the disk, is killed and started again. */
export interface RestartContender extends Omit<ServedContender, "order"> {
  readonly stock: StockOrder;
}

/**
 * A program of this folder that measures by itself: what needs no socket, or the disk.
 */
export interface ProgramContender {
  readonly name: string;
  readonly cores: string;
  readonly program: "session" | "inside" | "engine-calls" | "disk-probe";
  /** What it is asked for, as JSON on its command line. */
  readonly ask: Readonly<Record<string, number | string>>;
}

/**
 * A figure of one contender, alone or against another's of the same round, and the bound that it is
 * held against.
 */
export interface Comparison {
  /** What is compared, in words. */
  readonly what: string;
  readonly figure: FigureName;
  readonly of: string;
  readonly against?: {
    readonly contender: string;
    readonly figure?: FigureName;
    /** What the figure is divided by, made from the other's; if absent, the other's as it is. */
    readonly wanted?: (other: number) => number;
  };
  /** The least or the most that passes; with neither the comparison is for information. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One thing that is measured. */
export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly comparisons: readonly Comparison[];
  /** It is the same in every round, or for information: one is enough. */
  readonly once?: boolean;
  /** It takes so long that it is left out unless `--only` names it. */
  readonly isLong?: boolean;
}
