/* The server on one core, in memory, with one thread and one shard, and the load on another: what
 * the software costs, and how deep pipelining and many tubes change it.
 */
import { pipelinedOrder, ratio, served } from "../contenders.ts";
import type { Order, PipelinedOrder } from "../load/order.ts";
import type { Comparison, Scale, Scenario, ServedContender } from "../scenario.ts";
import type { ServerKind } from "../server.ts";

const TUBES = 10_000;
const WATCHED = 1000;

/** From deep pipelines to one command at a time. */
export function oneCore(scale: Scale): readonly Scenario[] {
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
      ratio(
        "server CPU per command against the ceiling's, a bare Node echo with the same reads and writes",
        "serverMicrosPerCommand",
        { atMost: 1.15 },
        "ceiling",
      ),
    ]),
    pipelined("1x1", "1 connection, one command at a time", 1, 1, scale, [
      ratio("p50 against beanstalkd's", "p50Micros", { atMost: 1.3 }),
    ]),
  ];
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
      served("fork", "fork", order("beanstalk")),
      served("redis lists", "redis", order("redis")),
      served("ceiling", "mirror", order("mirror")),
    ],
    comparisons: [
      ...comparisons,
      ratio("CPU per command against beanstalkd's", "serverMicrosPerCommand", {}),
      ratio("CPU per command against the fork's", "serverMicrosPerCommand", {}, "fork"),
      ratio("throughput against redis lists'", "commandsPerSecond", {}, "redis lists"),
      ratio("throughput against the ceiling", "commandsPerSecond", {}, "ceiling"),
    ],
  };
}

/** One tube against very many. */
export function manyTubes(scale: Scale): Scenario {
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
