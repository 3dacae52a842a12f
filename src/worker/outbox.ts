/* Outbox: a job as a row of the table `homemaker.outbox`, which a program inserts in its own
 * transaction (docs/outbox.md). It is checked and encoded as `enqueue` does it; who inserts it is
 * the program's driver. Exported by src/entries/outbox.ts.
 */
import { put } from "../client/commands/put.ts";
import { putOptions } from "./client-put.ts";
import { engineCapabilities } from "./engine-capabilities.ts";
import type { EnqueueOptions } from "./enqueue-options.ts";
import { BadOptionError } from "./errors.ts";
import { checkJob } from "./job-definition.ts";
import type { AnyJob, InputOf } from "./job-definition.ts";
import { rawJob } from "./raw-job.ts";

/** How a job is enqueued by a row. */
export interface OutboxOptions extends Omit<EnqueueOptions, "signal"> {
  /** Which queue it is for, if several read the database; `default` if absent. */
  readonly queue?: string;
}

/** A row, by the names of its columns. */
export interface OutboxRecord {
  readonly queue: string;
  readonly tube: string;
  readonly body: Uint8Array;
  readonly priority: number;
  /** Whole milliseconds, counted from when the row is inserted. */
  readonly delay_millis: number;
  readonly ttr_seconds: number;
  readonly tags: string;
}

/** A statement that inserts a row, as drivers take one. */
export interface OutboxInsert {
  readonly text: string;
  readonly values: (string | number | Uint8Array)[];
}

const COLUMNS = [
  "queue",
  "tube",
  "body",
  "priority",
  "delay_millis",
  "ttr_seconds",
  "tags",
] as const satisfies readonly (keyof OutboxRecord)[];
const QUEUE_DEFAULT = "default";
const TEXT = `insert into homemaker.outbox (${COLUMNS.join(", ")}) values (${COLUMNS.map(
  (_, at) => `$${at + 1}`,
).join(", ")})`;

/**
 * A job as a row. That its definition says what replies wait for (`acknowledge`) does not count: a
 * worker may not have it before it is safe. Rejects with an InvalidDataError, a CodecError or a
 * BadOptionError.
 */
export async function outboxRow<J extends AnyJob>(
  job: J,
  payload: InputOf<J>,
  { queue = QUEUE_DEFAULT, ...options }: OutboxOptions = {},
): Promise<OutboxRecord> {
  checkJob(job);
  if (typeof queue !== "string") throw new BadOptionError("queue: a name, as in ?journal=NAME");
  const prepared = await job.prepare(payload);
  const raw = rawJob(job, prepared, options, engineCapabilities(true), Date.now());
  const { ttrSeconds = 1, tags } = putOptions({ ...raw, acknowledge: undefined });
  return {
    queue,
    tube: raw.tube,
    body: raw.body,
    priority: raw.priority,
    delay_millis: Math.ceil(raw.delayMillis),
    ttr_seconds: ttrSeconds,
    tags: tags === undefined ? "" : (put("", { tags }).tail ?? "").trim(),
  };
}

/**
 * The statement that inserts a job, for the transaction that is to decide whether there is one:
 * `await client.query(await outboxInsert(job, payload))`. Rejects as `outboxRow` does.
 */
export async function outboxInsert<J extends AnyJob>(
  job: J,
  payload: InputOf<J>,
  options: OutboxOptions = {},
): Promise<OutboxInsert> {
  const row = await outboxRow(job, payload, options);
  return { text: TEXT, values: COLUMNS.map((column) => row[column]) };
}
