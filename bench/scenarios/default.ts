/* What a user gets who starts `homemaker` and says nothing more: as many threads as there are
 * cores, the shards that go with them, nothing pinned, several tubes, and connections that watch
 * `default` beside their own.
 */
import { asItStarts, keeping, pipelinedOrder, ratio, type Bound } from "../contenders.ts";
import { CORE_COUNT } from "../cores.ts";
import type { PipelinedOrder } from "../load/order.ts";
import type { Comparison, Scale, Scenario, ServedContender } from "../scenario.ts";
import type { ServerKind } from "../server.ts";

const TUBES = 8;
/** Shards of the row that shows what more than one cost a single thread. */
const SHARDS = 8;

interface Waves {
  readonly connections: number;
  readonly pipelined: number;
}

/** In memory: 1, 2 and as many threads as there are cores. */
export function defaultInMemory(scale: Scale): readonly Scenario[] {
  return [
    inMemory({ connections: 8, pipelined: 64 }, 1.25, scale),
    inMemory({ connections: 16, pipelined: 512 }, 1.25, scale),
    inMemory({ connections: 64, pipelined: 1 }, 1.1, scale),
  ];
}

/** With a directory: everything is synced before it is acknowledged. */
export function defaultKept(scale: Scale): readonly Scenario[] {
  return [
    kept({ connections: 1, pipelined: 1 }, { atLeast: 0.9 }, scale),
    kept({ connections: 64, pipelined: 1 }, { atLeast: 0.9 }, scale),
    kept({ connections: 8, pipelined: 64 }, { atLeast: 3.2 }, scale),
    kept({ connections: 64, pipelined: 1 }, {}, scale, "puts"),
  ];
}

function inMemory(waves: Waves, dearerAtMost: number, scale: Scale): Scenario {
  const order = orderOf(waves, scale);
  const lists = pipelinedOrder("redis", waves.connections, waves.pipelined, scale);
  const of = (kind: ServerKind): ServedContender => asItStarts(kind, kind, order);
  const ours = of("homemaker");
  const alone = { ...ours, name: "homemaker, 1 thread, 1 shard", threads: 1 };
  const sharded = {
    ...alone,
    name: `homemaker, 1 thread, ${SHARDS} shards`,
    shards: SHARDS,
  };
  const fewer = CORE_COUNT > 2 ? [{ ...ours, name: "homemaker, 2 threads", threads: 2 }] : [];
  const dearer = ({ name }: ServedContender): Comparison => ({
    what: `${name}: CPU per command against that of one thread and one shard`,
    figure: "serverMicrosPerCommand",
    of: name,
    against: { contender: alone.name },
    atMost: dearerAtMost,
  });
  return {
    name: `default-${waves.connections}x${waves.pipelined}`,
    title: `as it starts, ${inWords(waves)}`,
    contenders: [
      ...[ours, ...fewer, alone, sharded],
      ...[of("beanstalkd"), of("fork"), asItStarts("redis lists", "redis", lists)],
    ],
    comparisons: [
      ...[ours, ...fewer, sharded].map(dearer),
      ...(["beanstalkd", "fork"] as const).flatMap((peer) => [
        ratio(`throughput against ${peer}'s`, "commandsPerSecond", {}, peer),
        ratio(`CPU per command against ${peer}'s`, "serverMicrosPerCommand", {}, peer),
      ]),
    ],
  };
}

function kept(waves: Waves, wanted: Bound, scale: Scale, cycle?: "puts"): Scenario {
  const order = { ...orderOf(waves, scale), ...(cycle && { cycle }) };
  const of = (kind: ServerKind): ServedContender => keeping(asItStarts(kind, kind, order), "sync");
  return {
    name: `default-sync-${cycle ?? `${waves.connections}x${waves.pipelined}`}`,
    title: `as it starts with a directory, ${inWords(waves, cycle)}`,
    contenders: [of("homemaker"), of("beanstalkd"), of("fork")],
    comparisons: [
      ratio("throughput against fork -D's", "commandsPerSecond", wanted, "fork"),
      ratio("CPU per command against fork -D's", "serverMicrosPerCommand", {}, "fork"),
      ratio("throughput against beanstalkd -f0's", "commandsPerSecond", {}),
    ],
  };
}

function orderOf({ connections, pipelined }: Waves, scale: Scale): PipelinedOrder {
  return { ...pipelinedOrder("beanstalk", connections, pipelined, scale), besideDefault: TUBES };
}

function inWords({ connections, pipelined }: Waves, cycle?: "puts"): string {
  const many = connections === 1 ? "1 connection" : `${connections} connections`;
  const deep = pipelined === 1 ? "one command at a time" : `${pipelined} pipelined`;
  const tubes = Math.min(connections, TUBES);
  const does = cycle === undefined ? "put, reserve, delete" : "puts alone";
  return `${many}, ${deep}, ${tubes === 1 ? "1 tube" : `${tubes} tubes`}: ${does}`;
}
