/* Database metrics: what there is about the copy of the journal and the outbox, which lie in
 * databases. A part of METRICS (metrics.ts).
 */
import type { Metric } from "./metric.ts";

/** As declared. */
export const DATABASE_METRICS = {
  copyLeading: {
    name: "homemaker_copy_leading",
    type: "gauge",
    help: "1 while this server leads, 0 while it stands by.",
    labels: [],
    source: "copy",
  },
  copyEpoch: {
    name: "homemaker_copy_epoch",
    type: "gauge",
    help: "The newest epoch that is known, and in the label where clients reach who leads in it.",
    labels: ["leader"],
    source: "copy",
  },
  copyPosition: {
    name: "homemaker_copy_position",
    type: "gauge",
    help: "Number of the newest entry that is known to be in the copy.",
    labels: [],
    source: "copy",
  },
  copyLagBytes: {
    name: "homemaker_copy_lag_bytes",
    type: "gauge",
    help: "Bytes of the journal that are not known to be in the copy yet.",
    labels: [],
    source: "copy",
  },
  copyLagSeconds: {
    name: "homemaker_copy_lag_seconds",
    type: "gauge",
    help: "For how long the oldest of these has waited, 0 when none does.",
    labels: [],
    source: "copy",
  },
  copyLeaseSeconds: {
    name: "homemaker_copy_lease_seconds",
    type: "gauge",
    help: "For how long this server still leads unless the lease is prolonged, which is tried at a third of `--journal-lease`.",
    labels: [],
    source: "copy",
  },
  copyStandbys: {
    name: "homemaker_copy_standbys",
    type: "gauge",
    help: "Servers that stand by, as they were counted last.",
    labels: [],
    source: "copy",
  },
  outboxTaken: {
    name: "homemaker_outbox_rows_taken_total",
    type: "counter",
    help: "Rows of the outbox that became jobs, or met a job that had their idempotency key.",
    labels: [],
    source: "outbox",
  },
  outboxRefused: {
    name: "homemaker_outbox_rows_refused_total",
    type: "counter",
    help: "Rows of the outbox that can never be jobs, and were set aside in homemaker.outbox_refused.",
    labels: [],
    source: "outbox",
  },
  outboxOldest: {
    name: "homemaker_outbox_oldest_row_age_seconds",
    type: "gauge",
    help: "Seconds since the oldest row of the outbox was inserted, 0 when there is none; as of when it was last looked.",
    labels: [],
    source: "outbox",
  },
  outboxReachable: {
    name: "homemaker_outbox_reachable",
    type: "gauge",
    help: "1 while the outbox can be read, else 0.",
    labels: [],
    source: "outbox",
  },
} as const satisfies Readonly<Record<string, Metric>>;
