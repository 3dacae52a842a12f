/* The server with a copy on PostgreSQL: what it costs that a reply waits for another machine's disk
 * too. All of it runs on this machine: the server, a primary, its standby, and the load.
 */
import { asItStarts, pipelinedOrder } from "../contenders.ts";
import type { Scale, Scenario, ServedContender } from "../scenario.ts";

const CONNECTIONS = 8;
/** Puts in flight, of all connections. */
const IN_FLIGHT = 512;
/** Puts/s that are asked for. */
const PUTS_WANTED = 20_000;
/** A second or so is a few hundred appends: the machine's noise would be the figure. */
const SECONDS_MIN = 5;

/** Puts alone, 512 in flight, with a copy and without. */
export function replicated(scale: Scale): Scenario {
  const seconds = Math.max(scale.seconds, SECONDS_MIN);
  const depth = IN_FLIGHT / CONNECTIONS;
  const order = pipelinedOrder("beanstalk", CONNECTIONS, depth, { ...scale, seconds });
  const of = (name: string): ServedContender =>
    asItStarts(name, "homemaker", { ...order, cycle: "puts" });
  const copied: ServedContender = {
    ...of("homemaker replicated"),
    keeping: { level: "sync", isCopied: true },
  };
  const synced: ServedContender = { ...of("homemaker sync"), keeping: { level: "sync" } };
  return {
    name: "replicated",
    title: `puts, ${IN_FLIGHT} in flight, on a PostgreSQL primary and its standby before they are acknowledged, all on this machine`,
    contenders: [copied, synced],
    comparisons: [
      {
        what: "replicated puts/s",
        figure: "commandsPerSecond",
        of: copied.name,
        atLeast: PUTS_WANTED,
      },
      {
        what: "p50 of 64 puts against that at sync",
        figure: "p50Micros",
        of: copied.name,
        against: { contender: synced.name },
      },
      {
        what: "p99 of 64 puts against that at sync",
        figure: "p99Micros",
        of: copied.name,
        against: { contender: synced.name },
      },
    ],
  };
}
