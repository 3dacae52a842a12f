/* What lies in memory: jobs, and connections that do nothing. */
import { served } from "../contenders.ts";
import type { Order } from "../load/order.ts";
import type { Scale, Scenario } from "../scenario.ts";
import { openFilesMax } from "../server.ts";

/** Open files that a server and a load process need beside the connections that they hold. */
const SPARE_FILES = 300;

/** Bytes of a ready job. */
export function memory(scale: Scale): Scenario {
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

/** Bytes of a ready job with a tag, each with a key of its own. */
export function taggedMemory(scale: Scale): Scenario {
  const jobs = scale.jobs / 10;
  const tagged = (tag: string): Order => ({ kind: "fill", jobs, tag });
  const tags = {
    "exp and max": "max:20 exp:",
    idp: "idp:key-",
    fair: "fair:key-",
    con: "con:key-",
  };
  return {
    name: "tagged-memory",
    title: `memory of ${jobs} ready jobs of 100 bytes with a tag, each with a number of its own`,
    contenders: [
      served("no tag", "homemaker", { kind: "fill", jobs }),
      ...Object.entries(tags).map(([name, tag]) => served(name, "homemaker", tagged(tag))),
    ],
    comparisons: [],
    once: true,
  };
}

/** Bytes of an idle connection. */
export function idle(scale: Scale): Scenario {
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
        atMost: 4096,
      },
    ],
    once: true,
  };
}
