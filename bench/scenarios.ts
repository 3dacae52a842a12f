/* All that is measured, in the order in which it is run and reported: first what a user gets who
 * says nothing, then what one core does. All targets stand in scenarios/ and nowhere else.
 */
import type { Scale, Scenario } from "./scenario.ts";
import { batched, fair, keyed, windowed } from "./scenarios/additions.ts";
import { backlog, largeBacklogs } from "./scenarios/backlog.ts";
import { defaultInMemory, defaultKept } from "./scenarios/default.ts";
import { disk, recovery } from "./scenarios/directory.ts";
import { durableCycles, durablePuts, durableStream, releases } from "./scenarios/durable.ts";
import { inProcess, session, sharing, tagged } from "./scenarios/inside.ts";
import { frameworks } from "./scenarios/frameworks.ts";
import { handover, scraping } from "./scenarios/latency.ts";
import { manyTubes, oneCore } from "./scenarios/one-core.ts";
import { replicated } from "./scenarios/replicated.ts";
import { runtimes } from "./scenarios/runtimes.ts";
import { idle, memory, taggedMemory } from "./scenarios/size.ts";
import { transports } from "./scenarios/transports.ts";

/** All scenarios. */
export function scenarios(scale: Scale): readonly Scenario[] {
  return [
    ...defaultInMemory(scale),
    ...defaultKept(scale),
    ...oneCore(scale),
    ...runtimes(scale),
    handover(scale),
    manyTubes(scale),
    transports(scale),
    windowed(scale),
    keyed(scale),
    fair(scale),
    batched(scale),
    scraping(scale),
    memory(scale),
    taggedMemory(scale),
    idle(scale),
    session(scale),
    inProcess(scale),
    sharing(scale),
    tagged(scale),
    ...durableCycles(scale),
    durablePuts(scale),
    durableStream(scale),
    releases(scale),
    replicated(scale),
    recovery(scale),
    disk(scale),
    backlog(scale),
    largeBacklogs(),
    ...frameworks(scale),
  ];
}
