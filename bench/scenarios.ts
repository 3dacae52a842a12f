/* What is measured, on which servers, and what the figures are held against. All targets stand here and nowhere else. */
import { BOTH_CORES, SERVER_CORE } from "./cores.ts";
import type { FigureName } from "./figures.ts";
import type { Order, PipelinedOrder } from "./load/order.ts";
import { openFilesMax, type ServerKind } from "./server.ts";

/** How long and how much. */
export interface Scale {
  /** Length of a timed window. */
  readonly seconds: number;
  readonly jobs: number;
  readonly idleConnections: number;
}

/** One row of a scenario's table: a server and the load on it, or a program that measures itself. */
export type Contender = ServedContender | InProcessContender;

/** A server in its own process, driven over TCP by a load process on another core. */
export interface ServedContender {
  readonly name: string;
  readonly server: ServerKind;
  readonly threads: number;
  readonly cores: string;
  readonly order: Order;
}

/** `bench/session.ts` with these arguments: the session code without sockets. */
export interface InProcessContender {
  readonly name: string;
  readonly cores: string;
  readonly session: { readonly threads: number; readonly shards: number; readonly seconds: number };
}

/** A figure of one contender, alone or divided by another's of the same round, and the bound that it is held against. */
export interface Comparison {
  /** What is compared, in words. */
  readonly what: string;
  readonly figure: FigureName;
  readonly of: string;
  readonly against?: { readonly contender: string; readonly figure?: FigureName };
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
  /** Memory is the same in every round: one is enough. */
  readonly once?: boolean;
}

/** Connections that put in turn to one that waits: enough that all of them on one of two threads is out of the question. */
const PRODUCERS = 16;
const TUBES = 10_000;
const WATCHED = 1000;
/** Open files that a server and a load process need beside the connections that they hold. */
const SPARE_FILES = 300;

/** All scenarios, in the order in which they are run and reported. */
export function scenarios(scale: Scale): readonly Scenario[] {
  return [
    pipelined("8x64", "8 connections x 64 pipelined", 8, 64, scale, [
      ratio("throughput against beanstalkd's", "commandsPerSecond", { atLeast: 12 }),
    ]),
    pipelined("16x512", "16 connections x 512 pipelined", 16, 512, scale, [
      ratio("throughput against beanstalkd's", "commandsPerSecond", { atLeast: 25 }),
      {
        what: "thousand commands/s",
        figure: "commandsPerSecond",
        of: "homemaker",
        atLeast: 1_500_000,
      },
    ]),
    pipelined("64x1", "64 connections, one command at a time", 64, 1, scale, [
      ratio("server CPU per command against beanstalkd's", "serverMicrosPerCommand", { atMost: 1 }),
    ]),
    pipelined("1x1", "1 connection, one command at a time", 1, 1, scale, [
      ratio("p50 against beanstalkd's", "p50Micros", { atMost: 1.3 }),
    ]),
    handover(scale),
    manyTubes(scale),
    memory(scale),
    idle(scale),
    session(scale),
    sharing(scale),
  ];
}

function ratio(
  what: string,
  figure: FigureName,
  bound: { atLeast?: number; atMost?: number },
): Comparison {
  return { what, figure, of: "homemaker", against: { contender: "beanstalkd" }, ...bound };
}

function served(name: string, server: ServerKind, order: Order): ServedContender {
  return { name, server, threads: 1, cores: SERVER_CORE, order };
}

function pipelinedOrder(
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
    warmUpSeconds: Math.min(1, scale.seconds),
  };
}

function pipelined(
  name: string,
  title: string,
  connections: number,
  depth: number,
  scale: Scale,
  comparisons: readonly Comparison[],
): Scenario {
  const order = (dialect: PipelinedOrder["dialect"]): PipelinedOrder =>
    pipelinedOrder(dialect, connections, depth, scale);
  return {
    name,
    title: `${title}: put, reserve, delete`,
    contenders: [
      served("homemaker", "homemaker", order("beanstalk")),
      served("beanstalkd", "beanstalkd", order("beanstalk")),
      served("redis lists", "redis", order("redis")),
      served("ceiling", "mirror", order("mirror")),
    ],
    comparisons: [
      ...comparisons,
      ratio("CPU per command against beanstalkd's", "serverMicrosPerCommand", {}),
      {
        what: "throughput against redis lists'",
        figure: "commandsPerSecond",
        of: "homemaker",
        against: { contender: "redis lists" },
      },
      {
        what: "throughput against the ceiling",
        figure: "commandsPerSecond",
        of: "homemaker",
        against: { contender: "ceiling" },
      },
    ],
  };
}

function handover(scale: Scale): Scenario {
  const order = (grouped: boolean): Order => ({
    kind: "handover",
    producers: PRODUCERS,
    seconds: scale.seconds,
    grouped,
  });
  const threaded = "homemaker, 2 threads";
  return {
    name: "handover",
    title: "a blocked reserve answered by another connection's put",
    contenders: [
      served("homemaker", "homemaker", order(false)),
      served("beanstalkd", "beanstalkd", order(false)),
      { name: threaded, server: "homemaker", threads: 2, cores: BOTH_CORES, order: order(true) },
    ],
    comparisons: [
      ratio("same thread: p50 against beanstalkd's", "p50Micros", { atMost: 1.5 }),
      {
        what: "across threads: p50 of the far group against beanstalkd's",
        figure: "farP50Micros",
        of: threaded,
        against: { contender: "beanstalkd", figure: "p50Micros" },
        atMost: 3,
      },
    ],
  };
}

function manyTubes(scale: Scale): Scenario {
  const order = (total: number, watched: number): Order => ({
    ...pipelinedOrder("beanstalk", 8, 64, scale),
    tubes: { total, watched },
  });
  const one = (kind: ServerKind): ServedContender => served(`${kind}, one tube`, kind, order(1, 1));
  const many = (kind: ServerKind): ServedContender =>
    served(`${kind}, 10,000 tubes`, kind, order(TUBES, WATCHED));
  const kept = (kind: ServerKind, bound: { atLeast?: number }): Comparison => ({
    what: `${kind}: throughput with ${TUBES} tubes against that with one`,
    figure: "commandsPerSecond",
    of: many(kind).name,
    against: { contender: one(kind).name },
    ...bound,
  });
  return {
    name: "tubes",
    title: "10,000 tubes, of which 1,000 are watched by each of 8 connections x 64 pipelined",
    contenders: [one("homemaker"), many("homemaker"), one("beanstalkd"), many("beanstalkd")],
    comparisons: [kept("homemaker", { atLeast: 0.85 }), kept("beanstalkd", {})],
  };
}

function memory(scale: Scale): Scenario {
  const order: Order = { kind: "fill", jobs: scale.jobs };
  return {
    name: "memory",
    title: `memory of ${scale.jobs} ready jobs of 100 bytes`,
    contenders: [
      served("homemaker", "homemaker", order),
      served("beanstalkd", "beanstalkd", order),
    ],
    comparisons: [
      {
        what: "bytes per job beyond the body, by the engine's account",
        figure: "engineBytesPerJob",
        of: "homemaker",
        atMost: 96,
      },
      {
        what: "bytes per job beyond the body, of the process",
        figure: "processBytesPerJob",
        of: "homemaker",
        atMost: 96,
      },
    ],
    once: true,
  };
}

function idle(scale: Scale): Scenario {
  const connections = Math.min(scale.idleConnections, openFilesMax() - SPARE_FILES);
  const order: Order = { kind: "crowd", connections };
  return {
    name: "idle",
    title: `${connections} idle connections`,
    contenders: [
      served("homemaker", "homemaker", order),
      served("beanstalkd", "beanstalkd", order),
    ],
    comparisons: [
      {
        what: "connections held",
        figure: "connections",
        of: "homemaker",
        atLeast: scale.idleConnections,
      },
      {
        what: "bytes of the process per connection",
        figure: "bytesPerConnection",
        of: "homemaker",
        atMost: 12 * 1024,
      },
    ],
    once: true,
  };
}

function session(scale: Scale): Scenario {
  const name = "session";
  return {
    name,
    title: "the session code and the engine, no sockets: put, reserve, delete",
    contenders: [
      { name, cores: SERVER_CORE, session: { threads: 1, shards: 1, seconds: scale.seconds } },
    ],
    comparisons: [
      {
        what: "million put+reserve+delete cycles/s",
        figure: "cyclesPerSecond",
        of: name,
        atLeast: 2e6,
      },
    ],
  };
}

function sharing(scale: Scale): Scenario {
  const contender = (name: string, threads: number, shards: number): InProcessContender => ({
    name,
    cores: BOTH_CORES,
    session: { threads, shards, seconds: scale.seconds },
  });
  const alone = contender("1 thread", 1, 1);
  const apart = contender("2 threads, 2 shards", 2, 2);
  const together = contender("2 threads, the same shard", 2, 1);
  const gain = (of: InProcessContender, atLeast: number): Comparison => ({
    what: `${of.name}: cycles/s against one thread's`,
    figure: "cyclesPerSecond",
    of: of.name,
    against: { contender: alone.name },
    atLeast,
  });
  return {
    name: "threads",
    title: "the engine on two threads, no sockets",
    contenders: [alone, apart, together],
    comparisons: [gain(apart, 1.6), gain(together, 0.6)],
  };
}
