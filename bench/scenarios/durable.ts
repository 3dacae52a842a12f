/* The server on one core with a directory: what it costs that a reply waits for the disk. */
import { keeping, pipelinedOrder, ratio, served, type Bound } from "../contenders.ts";
import { SERVER_CORE } from "../cores.ts";
import type { FigureName } from "../figures.ts";
import type { PipelinedOrder } from "../load/order.ts";
import type {
  Comparison,
  ProgramContender,
  Scale,
  Scenario,
  ServedContender,
} from "../scenario.ts";
import type { ServerKind, SyncLevel } from "../server.ts";

/** Puts in flight. */
const PUTS_IN_FLIGHT = 64;
/**
 * What these may take beside one fdatasync: if that takes 250 us, 100,000 puts/s are 640 us for 64
 * of them.
 */
const PUTS_BESIDE_SYNC_MICROS = 390;
/** What 64 puts of 100 bytes come to in a journal, about. */
const PUTS_BYTES = 12_288;

/**
 * put, reserve, delete, each synced before it is acknowledged, beside two peers that do the same.
 */
export function durableCycles(scale: Scale): readonly Scenario[] {
  return [
    cycles(1, 1, scale, [
      besideFork("p50", "p50Micros", { atMost: 1.45 }),
      besideFork("CPU per command", "serverMicrosPerCommand", {}),
    ]),
    cycles(64, 1, scale, [
      besideFork("throughput", "commandsPerSecond", { atLeast: 0.85 }),
      besideFork("CPU per command", "serverMicrosPerCommand", { atMost: 1.35 }),
    ]),
    cycles(8, 64, scale, [
      besideFork("throughput", "commandsPerSecond", { atLeast: 5 }),
      besideFork("CPU per command", "serverMicrosPerCommand", {}),
    ]),
  ];
}

function cycles(
  connections: number,
  depth: number,
  scale: Scale,
  comparisons: readonly Comparison[],
): Scenario {
  const of = (kind: ServerKind): ServedContender =>
    keeping(served(kind, kind, pipelinedOrder("beanstalk", connections, depth, scale)), "sync");
  const many = connections === 1 ? "1 connection" : `${connections} connections`;
  const deep = depth === 1 ? ", one command at a time" : ` x ${depth} pipelined`;
  return {
    name: `durable-${connections}x${depth}`,
    title: `${many}${deep}: put, reserve, delete, synced before they are acknowledged`,
    contenders: [of("homemaker"), of("beanstalkd"), of("fork")],
    comparisons,
  };
}

function besideFork(what: string, figure: FigureName, bound: Bound): Comparison {
  return ratio(`${what} against fork -D's`, figure, bound, "fork");
}

/**
 * Durable puts/s that are asked for where an fdatasync takes so long: the time beside it stays the
 * same.
 */
function durablePutsWanted(fdatasyncMicros: number): number {
  return (PUTS_IN_FLIGHT * 1e6) / (fdatasyncMicros + PUTS_BESIDE_SYNC_MICROS);
}

/** Puts alone, 64 in flight. */
export function durablePuts(scale: Scale): Scenario {
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
      what:
        `${ours.name}: durable puts/s against 64 per fdatasync of this disk + ` +
        `${PUTS_BESIDE_SYNC_MICROS} us (100,000/s at 250 us)`,
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
  const [ours, theirs, fork] = [of("homemaker", 64), of("beanstalkd", 64), of("fork", 64)];
  const [ours8, theirs8] = [of("homemaker", 8), of("beanstalkd", 8)];
  return {
    name: "durable-puts",
    title: "puts that are synced before they are acknowledged, 64 in flight",
    contenders: [probe, ...[ours, theirs, fork], ...[ours8, theirs8]],
    comparisons: [
      ...against(ours, theirs),
      {
        what: `${ours.name}: durable puts/s against fork -D`,
        figure: "commandsPerSecond",
        of: ours.name,
        against: { contender: fork.name },
        atLeast: 0.9,
      },
      ...against(ours8, theirs8),
    ],
  };
}

/** Deep pipelines, at every level. */
export function durableStream(scale: Scale): Scenario {
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
    contenders: [inMemory, at("sync"), at("interval"), at("os"), theirSync, theirInterval],
    comparisons: [
      kept(at("sync"), { atLeast: 0.45 }),
      kept(at("interval"), { atLeast: 0.8 }),
      kept(at("os"), {}),
      besides(at("sync"), theirSync),
      besides(at("interval"), theirInterval),
    ],
  };
}

/** What it costs that what a release says is as safe as a put. */
export function releases(scale: Scale): Scenario {
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
