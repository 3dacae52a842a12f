/* How long somebody waits: a reserve for a put, and commands beside a scraper of the metrics. */
import { ratio, served } from "../contenders.ts";
import { BOTH_CORES } from "../cores.ts";
import type { FigureName } from "../figures.ts";
import type { Order, ScrapedOrder } from "../load/order.ts";
import type { Comparison, Scale, Scenario, ServedContender } from "../scenario.ts";

/**
 * Connections that put in turn to one that waits: enough that all of them on one of two threads is
 * out of the question.
 */
const PRODUCERS = 16;
/** Tubes that the metrics tell of. */
const TUBES = 10_000;

/** A put to a reserve that waits for it. */
export function handover(scale: Scale): Scenario {
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
      ratio("same thread: p50 against beanstalkd's", "p50Micros", { atMost: 1.3 }),
      {
        what: "across threads: p50 of the far group against beanstalkd's",
        figure: "farP50Micros",
        of: threaded,
        against: { contender: "beanstalkd", figure: "p50Micros" },
        atMost: 2.5,
      },
    ],
  };
}

/** Commands while the metrics are read. */
export function scraping(scale: Scale): Scenario {
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
    once: true,
  };
}
