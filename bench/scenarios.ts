/*
 * What is measured, on which servers, and what the figures are held against. All targets stand here
 * and nowhere else.
 */
import { BOTH_CORES, SERVER_CORE } from "./cores.ts";
import type { FigureName } from "./figures.ts";
import type { Order, PipelinedOrder, ScrapedOrder, StockOrder } from "./load/order.ts";
import { openFilesMax, type Keeping, type ServerKind, type SyncLevel } from "./server.ts";

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

/** A server in its own process, driven over TCP by a load process on another core. */
export interface ServedContender {
  readonly name: string;
  readonly server: ServerKind;
  readonly threads: number;
  readonly cores: string;
  /** If absent: in memory only. */
  readonly keeping?: Keeping;
  /** Whether it serves HTTP. */
  readonly http?: true;
  readonly order: Order;
}

/** A server that keeps its jobs on the disk, is killed and started again. */
export interface RestartContender extends Omit<ServedContender, "order"> {
  readonly stock: StockOrder;
}

/**
 * A program of this folder that measures by itself: the session code without sockets, or the disk.
 */
export interface ProgramContender {
  readonly name: string;
  readonly cores: string;
  readonly program: "session" | "disk-probe";
  /** What it is asked for, as JSON on its command line. */
  readonly ask: Readonly<Record<string, number>>;
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
  /** Memory is the same in every round: one is enough. */
  readonly once?: boolean;
}

/**
 * Connections that put in turn to one that waits: enough that all of them on one of two threads is
 * out of the question.
 */
const PRODUCERS = 16;
const TUBES = 10_000;
const WATCHED = 1000;
/** Puts in flight. */
const PUTS_IN_FLIGHT = 64;
/**
 * What these may take beside one fdatasync: if that takes 250 us, 100,000 puts/s are 640 us for 64
 * of them.
 */
const PUTS_BESIDE_SYNC_MICROS = 390;
/** What 64 puts of 100 bytes come to in a journal, about. */
const PUTS_BYTES = 12_288;
/** The smallest segments that both servers take: the disk is weighed against few bytes. */
const SMALL_SEGMENT_BYTES = 1_048_576;
/** Tubes that the jobs of a restart are spread over. */
const STOCK_TUBES = 8;
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
    scraping(scale),
    memory(scale),
    idle(scale),
    session(scale),
    sharing(scale),
    durablePuts(scale),
    durableStream(scale),
    releases(scale),
    recovery(scale),
    disk(scale),
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

/**
 * Durable puts/s that are asked for where an fdatasync takes so long: the time beside it stays the
 * same.
 */
function durablePutsWanted(fdatasyncMicros: number): number {
  return (PUTS_IN_FLIGHT * 1e6) / (fdatasyncMicros + PUTS_BESIDE_SYNC_MICROS);
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

function scraping(scale: Scale): Scenario {
  const contender = (name: string, beside: ScrapedOrder["beside"]): ServedContender => ({
    name,
    server: "homemaker",
    threads: 1,
    cores: BOTH_CORES,
    http: true,
    order: { kind: "scraped", tubes: TUBES, seconds: scale.seconds, beside },
  });
  const quiet = contender("nobody else", "nobody");
  const busy = contender("beside a busy process", "neighbour");
  const scraped = contender("scraped without a pause", "scraper");
  const slower = (figure: FigureName, title: string, than: ServedContender): Comparison => ({
    what: `${title} while scraped against that ${than === quiet ? "of " : ""}${than.name}`,
    figure,
    of: scraped.name,
    against: { contender: than.name },
  });
  return {
    name: "scraping",
    title: "one command at a time with 10,000 tubes, while GET /metrics is asked without a pause",
    contenders: [quiet, busy, scraped],
    comparisons: [
      slower("p50Micros", "p50", quiet),
      slower("p99Micros", "p99", quiet),
      slower("p50Micros", "p50", busy),
      slower("p99Micros", "p99", busy),
    ],
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
      {
        name,
        cores: SERVER_CORE,
        program: "session",
        ask: { threads: 1, shards: 1, seconds: scale.seconds },
      },
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
  const contender = (name: string, threads: number, shards: number): ProgramContender => ({
    name,
    cores: BOTH_CORES,
    program: "session",
    ask: { threads, shards, seconds: scale.seconds },
  });
  const alone = contender("1 thread", 1, 1);
  const apart = contender("2 threads, 2 shards", 2, 2);
  const together = contender("2 threads, the same shard", 2, 1);
  const gain = (of: ProgramContender, atLeast: number): Comparison => ({
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

/** The same server, keeping its jobs. */
function keeping(of: ServedContender, level: SyncLevel, segmentBytes?: number): ServedContender {
  return { ...of, keeping: segmentBytes === undefined ? { level } : { level, segmentBytes } };
}

/**
 * The same server with both cores: the thread that writes and syncs has one of its own, as far as
 * the load leaves it.
 */
function onBothCores(of: ServedContender): ServedContender {
  return { ...of, name: `${of.name}, both cores`, cores: BOTH_CORES };
}

function durablePuts(scale: Scale): Scenario {
  const order = (connections: number): PipelinedOrder => ({
    ...pipelinedOrder("beanstalk", connections, PUTS_IN_FLIGHT / connections, scale),
    cycle: "puts",
  });
  const of = (server: ServerKind, connections: number): ServedContender => {
    const name = `${server} ${connections}x${PUTS_IN_FLIGHT / connections}`;
    return keeping(served(name, server, order(connections)), "sync");
  };
  const probe: ProgramContender = {
    name: "this disk",
    cores: SERVER_CORE,
    program: "disk-probe",
    ask: { seconds: scale.seconds, bytes: PUTS_BYTES },
  };
  const against = (ours: ServedContender, theirs: ServedContender): readonly Comparison[] => [
    { what: `${ours.name}: thousand durable puts/s`, figure: "commandsPerSecond", of: ours.name },
    {
      what: `${ours.name}: durable puts/s against 64 per fdatasync of this disk + ${PUTS_BESIDE_SYNC_MICROS} us (100,000/s at 250 us)`,
      figure: "commandsPerSecond",
      of: ours.name,
      against: { contender: probe.name, figure: "fdatasyncP50Micros", wanted: durablePutsWanted },
      atLeast: 1,
    },
    {
      what: `${ours.name}: durable puts/s against beanstalkd -f0`,
      figure: "commandsPerSecond",
      of: ours.name,
      against: { contender: theirs.name },
      atLeast: 50,
    },
  ];
  const [ours, theirs] = [of("homemaker", 64), of("beanstalkd", 64)];
  const [ours8, theirs8] = [of("homemaker", 8), of("beanstalkd", 8)];
  return {
    name: "durable-puts",
    title: "puts that are synced before they are acknowledged, 64 in flight",
    contenders: [probe, ours, theirs, ours8, theirs8, onBothCores(ours), onBothCores(ours8)],
    comparisons: [...against(ours, theirs), ...against(ours8, theirs8)],
  };
}

function durableStream(scale: Scale): Scenario {
  const order = pipelinedOrder("beanstalk", 16, 512, scale);
  const inMemory = served("homemaker in memory", "homemaker", order);
  const at = (level: SyncLevel): ServedContender =>
    keeping({ ...inMemory, name: `homemaker ${level}` }, level);
  const theirs = (flag: string, level: SyncLevel): ServedContender =>
    keeping(served(`beanstalkd ${flag}`, "beanstalkd", order), level);
  const kept = (of: ServedContender, bound: { atLeast?: number }): Comparison => ({
    what: `${of.name}: throughput against that in memory`,
    figure: "commandsPerSecond",
    of: of.name,
    against: { contender: inMemory.name },
    ...bound,
  });
  const both = [onBothCores(inMemory), onBothCores(at("sync")), onBothCores(at("interval"))];
  const besides = (of: ServedContender, other: ServedContender): Comparison => ({
    what: `${of.name}: throughput against ${other.name}'s`,
    figure: "commandsPerSecond",
    of: of.name,
    against: { contender: other.name },
  });
  const [theirSync, theirInterval] = [theirs("-f0", "sync"), theirs("-f50", "interval")];
  return {
    name: "durable-16x512",
    title: "16 connections x 512 pipelined: put, reserve, delete, kept on the disk",
    contenders: [inMemory, at("sync"), at("interval"), at("os"), theirSync, theirInterval, ...both],
    comparisons: [
      kept(at("sync"), { atLeast: 0.6 }),
      kept(at("interval"), { atLeast: 0.8 }),
      kept(at("os"), {}),
      besides(at("sync"), theirSync),
      besides(at("interval"), theirInterval),
    ],
  };
}

/** What it costs that what a release says is as safe as a put. */
function releases(scale: Scale): Scenario {
  const order: PipelinedOrder = {
    ...pipelinedOrder("beanstalk", 16, 512, scale),
    cycle: "releases",
  };
  const at = (level: SyncLevel, kept: "journal" | "hints"): ServedContender => ({
    ...served(`${level}, ${kept}`, "homemaker", order),
    keeping: { level, releases: kept },
  });
  const levels: readonly SyncLevel[] = ["sync", "interval", "os"];
  return {
    name: "releases",
    title: "16 connections x 512 pipelined: put, reserve, release, reserve, delete",
    contenders: levels.flatMap((level) => [at(level, "journal"), at(level, "hints")]),
    comparisons: levels.flatMap((level): Comparison[] =>
      (["commandsPerSecond", "serverMicrosPerCommand"] as const).map((figure) => ({
        what: `${level}: ${figure === "commandsPerSecond" ? "throughput" : "CPU per command"}, journal against hints`,
        figure,
        of: at(level, "journal").name,
        against: { contender: at(level, "hints").name },
      })),
    ),
  };
}

function recovery(scale: Scale): Scenario {
  const stock: StockOrder = { kind: "stock", jobs: scale.jobs, connections: STOCK_TUBES };
  // The level says nothing about the files that a killed process leaves: the one that fills them
  // fast.
  const of = (server: ServerKind): RestartContender => ({
    name: server,
    server,
    threads: 1,
    cores: SERVER_CORE,
    keeping: { level: "interval" },
    stock,
  });
  const ours = of("homemaker");
  return {
    name: "recovery",
    title: `killed with ${scale.jobs} jobs of 100 bytes, and started again`,
    contenders: [
      ours,
      of("beanstalkd"),
      { ...ours, name: "homemaker, 2 threads, both cores", threads: 2, cores: BOTH_CORES },
    ],
    comparisons: [
      {
        what: "seconds per million jobs, beyond a restart without jobs",
        figure: "recoverySeconds",
        of: "homemaker",
        atMost: 1.5,
      },
      ratio("the same against beanstalkd's", "recoverySeconds", {}),
    ],
    once: true,
  };
}

function disk(scale: Scale): Scenario {
  const order: Order = {
    kind: "mixed",
    seconds: scale.diskSeconds,
    segmentBytes: SMALL_SEGMENT_BYTES,
  };
  const of = (server: ServerKind): ServedContender =>
    keeping(served(server, server, order), "interval", SMALL_SEGMENT_BYTES);
  return {
    name: "disk",
    title: `${scale.diskSeconds} s of a backlog that rises and falls beside one job that stays, segments of 1 MiB`,
    contenders: [
      { ...of("homemaker"), keeping: { level: "sync", segmentBytes: SMALL_SEGMENT_BYTES } },
      of("beanstalkd"),
    ],
    comparisons: [
      {
        what: "bytes of the directory, at the worst moment, % of 3 x live + 4 segments",
        figure: "boundPercent",
        of: "homemaker",
        atMost: 100,
      },
    ],
    once: true,
  };
}
