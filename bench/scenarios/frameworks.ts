/* Frameworks: jobs by `defineJob`, `enqueue` and `createWorker` beside BullMQ on Debian's Redis, in
 * memory and with everything synced. Producer and worker are one process on a core of its own.
 */
import { LOAD_CORE, SERVER_CORE } from "../cores.ts";
import type { FrameworkOrder } from "../load/order.ts";
import type { Comparison, Scale, Scenario, ServedContender } from "../scenario.ts";
import type { SyncLevel } from "../server.ts";

const WARM_UP_SECONDS = 1;
const IN_FLIGHT = 100;
const PREFETCH = 64;
/** Jobs of a backlog for each second: more than one slot does. */
const BACKLOG = { homemaker: 100_000, bullmq: 5000 };

type Library = FrameworkOrder["library"];
type Load = Omit<FrameworkOrder, "kind" | "library" | "seconds" | "warmUpSeconds">;

/** All of them. */
export function frameworks(scale: Scale): readonly Scenario[] {
  return (["memory", "sync"] as const).map((level) => framework(level, scale));
}

function framework(level: "memory" | "sync", scale: Scale): Scenario {
  const row = (name: string, library: Library, load: Load): ServedContender =>
    contender(`${name}, ${library}`, library, load, { level, scale });
  const many: Load = { load: "circle", concurrency: IN_FLIGHT };
  const one: Load = { load: "circle", concurrency: 1 };
  const slot = (library: Library, prefetch: number): Load => ({
    ...{ load: "backlog", concurrency: 1, prefetch },
    jobs: Math.ceil(BACKLOG[library] * (scale.seconds + warmUpSeconds(scale))),
  });
  const idle: Load = { load: "idle", concurrency: 1 };
  const pair = (name: string, load: Load): readonly ServedContender[] => [
    row(name, "homemaker", load),
    row(name, "bullmq", load),
  ];
  return {
    name: level === "memory" ? "bullmq" : "bullmq-sync",
    title: `jobs of the framework beside BullMQ's, ${level === "memory" ? "in memory" : "everything synced"}: an empty handler, payloads of 100 bytes`,
    contenders: [
      ...pair(`${IN_FLIGHT} in flight`, many),
      ...pair("1 in flight", one),
      row(`1 slot, prefetch ${PREFETCH}`, "homemaker", slot("homemaker", PREFETCH)),
      row("1 slot", "bullmq", slot("bullmq", 0)),
      ...pair("idle", idle),
    ],
    comparisons: [
      rate(`${IN_FLIGHT} in flight: jobs/s`, `${IN_FLIGHT} in flight`, { atLeast: 10 }),
      rate("1 in flight: jobs/s", "1 in flight", { atLeast: 2 }),
      {
        what: `1 slot that prefetches ${PREFETCH}: jobs/s against BullMQ's one slot`,
        figure: "jobsPerSecond",
        of: `1 slot, prefetch ${PREFETCH}, homemaker`,
        against: { contender: "1 slot, bullmq" },
        atLeast: 10,
      },
      {
        what: "from enqueue to the handler of an idle worker: p50 against BullMQ's",
        figure: "p50Micros",
        of: "idle, homemaker",
        against: { contender: "idle, bullmq" },
        atMost: 0.5,
      },
      {
        what: `${IN_FLIGHT} in flight: CPU of producer and worker per job, us`,
        figure: "clientMicrosPerJob",
        of: `${IN_FLIGHT} in flight, homemaker`,
        atMost: 20,
      },
    ],
  };
}

function contender(
  name: string,
  library: Library,
  load: Load,
  { level, scale }: { readonly level: SyncLevel | "memory"; readonly scale: Scale },
): ServedContender {
  return {
    name,
    server: library === "bullmq" ? "redis" : "homemaker",
    ...(library === "homemaker" && { threads: 1 }),
    cores: SERVER_CORE,
    loadCores: LOAD_CORE,
    ...(level !== "memory" && { keeping: { level } }),
    order: {
      kind: "framework",
      library,
      ...load,
      seconds: scale.seconds,
      warmUpSeconds: warmUpSeconds(scale),
    },
  };
}

function warmUpSeconds({ seconds }: Scale): number {
  return Math.min(WARM_UP_SECONDS, 2 * seconds);
}

function rate(what: string, load: string, bound: Pick<Comparison, "atLeast">): Comparison {
  return {
    what: `${what} against BullMQ's`,
    figure: "jobsPerSecond",
    of: `${load}, homemaker`,
    against: { contender: `${load}, bullmq` },
    ...bound,
  };
}
