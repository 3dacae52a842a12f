/* Metric: what the declaration of a metric says. Declared in metrics.ts, read by whatever shows
 * them.
 */

/** A metric as it is declared. */
export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence; also the HELP of the exposition. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets in seconds, ascending, without the infinite one. */
  readonly boundsSeconds?: readonly number[];
  /** Where it is counted. */
  readonly source: Source;
}

/** Where a metric is counted, as the documentation groups them. */
export const SOURCES = {
  server:
    "Counted for the whole server, in the shards as it happens and in each thread's row of the common\nmemory.",
  tube: "Counted in each tube as it happens. At most `--metrics-tubes` tubes have a label of their own;\nsee below.",
  shard: "Counted in each shard.",
  journal: "Published by the committer. Only there with `--data`.",
  copy: "Told by who keeps the copy elsewhere. Only there with `--journal`; a server that stands by shows\nthe first two, and those of the process.",
  outbox: "Counted by the reader of the outbox. Only there with `--outbox`.",
  thread: "Measured by each I/O thread for itself, four times a second.",
  process: "What the operating system and the scrape itself tell.",
} as const;
/** One of these. */
export type Source = keyof typeof SOURCES;
