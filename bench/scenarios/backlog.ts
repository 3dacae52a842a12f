/* Backlogs larger than memory, beside such whose bodies are all in memory. Both are on the disk,
 * and synced before they are acknowledged.
 */
import { asItStarts, keeping } from "../contenders.ts";
import { ALL_CORES } from "../cores.ts";
import type { BacklogOrder } from "../load/order.ts";
import type {
  Comparison,
  RestartContender,
  Scale,
  Scenario,
  ServedContender,
} from "../scenario.ts";

const MIB = 1_048_576;
/** Each has a tube of its own, and so the tubes are in several shards. */
const CONNECTIONS = 8;
/** Commands of a wave of jobs of 100 bytes, and of 10 kB. */
const PIPELINED = 250;
const PIPELINED_LONG = 25;
/** What the large ones need beside what a smaller disk has. */
const LARGE_DISK_BYTES = 70e9;
const LARGE_SECONDS = 3600;

/** Twice as many jobs as elsewhere, and memory for the bodies of a third: 64 MiB for 2 million. */
export function backlog(scale: Scale): Scenario {
  const order = jobsOf(2 * scale.jobs, 100);
  const mebibytes = Math.ceil((64 * order.jobs) / 2e6);
  const memoryBytes = mebibytes * MIB;
  const inMemory = of("in memory", order);
  const onDisk = of(`with ${mebibytes} MiB`, order, memoryBytes);
  const restart = restartOf(`restart with ${mebibytes} MiB`, order.jobs, memoryBytes);
  return {
    name: "backlog",
    title: `${order.jobs} jobs of 100 bytes put, then drained`,
    contenders: [inMemory, onDisk, restart],
    comparisons: besideMemory(onDisk, inMemory),
    once: true,
  };
}

/** Such as few machines have the disk for. */
export function largeBacklogs(): Scenario {
  const many = of("50 million of 100 bytes, 2 GiB", jobsOf(50_000_000, 100), 2048 * MIB);
  const long = of("2 million of 10 kB, 2 GiB", jobsOf(2_000_000, 10_000), 2048 * MIB);
  const [few, fewLong] = [
    of("2 million of 100 bytes, in memory", jobsOf(2_000_000, 100)),
    of("0.2 million of 10 kB, in memory", jobsOf(200_000, 10_000)),
  ];
  const restart = restartOf("restart, 10 million of 100 bytes, 64 MiB", 10_000_000, 64 * MIB);
  const large = { diskBytes: LARGE_DISK_BYTES, runSeconds: LARGE_SECONDS };
  return {
    name: "backlog-large",
    title: "backlogs of many gigabytes put, then drained",
    contenders: [
      ...[few, fewLong, { ...many, ...large }, { ...long, ...large }],
      { ...restart, ...large },
    ],
    comparisons: [
      ...besideMemory(many, few),
      ...besideMemory(long, fewLong),
      {
        what: `${restart.name}: seconds`,
        figure: "restartSeconds",
        of: restart.name,
        atMost: 15,
      },
    ],
    once: true,
    isLong: true,
  };
}

function jobsOf(jobs: number, bodyBytes: number): BacklogOrder {
  const pipelined = bodyBytes > 1000 ? PIPELINED_LONG : PIPELINED;
  return { kind: "backlog", jobs, bodyBytes, connections: CONNECTIONS, pipelined };
}

/** The server as it starts, but for how much memory bodies may have. */
function of(name: string, order: BacklogOrder, memoryBytes?: number): ServedContender {
  const kept = keeping(asItStarts(name, "homemaker", order), "sync");
  return memoryBytes === undefined ? kept : { ...kept, keeping: { level: "sync", memoryBytes } };
}

function restartOf(name: string, jobs: number, memoryBytes: number): RestartContender {
  return {
    name,
    server: "homemaker",
    cores: ALL_CORES,
    loadCores: ALL_CORES,
    keeping: { level: "interval", memoryBytes },
    stock: { kind: "stock", jobs, connections: CONNECTIONS },
  };
}

function besideMemory(onDisk: ServedContender, inMemory: ServedContender): readonly Comparison[] {
  const beside = { of: onDisk.name, against: { contender: inMemory.name } };
  const { name } = onDisk;
  return [
    { what: `${name}: puts/s`, figure: "putsPerSecond", ...beside, atLeast: 0.5 },
    { what: `${name}: jobs drained/s`, figure: "drainedPerSecond", ...beside, atLeast: 0.5 },
    {
      what: `${name}: p99 of another tube's commands meanwhile`,
      figure: "p99Micros",
      ...beside,
      atMost: 2,
    },
  ];
}
