/* What lies on the disk: how long a restart takes, and how large a directory becomes. */
import { keeping, ratio, served } from "../contenders.ts";
import { BOTH_CORES, SERVER_CORE } from "../cores.ts";
import type { Order, StockOrder } from "../load/order.ts";
import type { RestartContender, Scale, Scenario, ServedContender } from "../scenario.ts";
import type { ServerKind } from "../server.ts";

/** The smallest segments that both servers take: the disk is weighed against few bytes. */
const SMALL_SEGMENT_BYTES = 1_048_576;
/** Tubes that the jobs of a restart are spread over. */
const STOCK_TUBES = 8;

/** Killed and started again. */
export function recovery(scale: Scale): Scenario {
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

/** The directory at its largest. */
export function disk(scale: Scale): Scenario {
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
