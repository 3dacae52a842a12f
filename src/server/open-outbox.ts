/* Open outbox: the reader of a server's outbox (outbox.ts), from the server's options and its own
 * sessions; and the seam to what knows the database. Called by server.ts.
 */
import type { InProcess } from "../broker/in-process.ts";
import type { Clock } from "../clock.ts";
import type { Options } from "../config/options.ts";
import type { Log } from "../log.ts";
import type { OutboxTable } from "../outbox.ts";
import { Outbox, OUTBOX_ROWS_MAX } from "./outbox.ts";
import { MARK_ROW_BYTES, ServerOutboxQueue } from "./outbox-queue.ts";

/** Bodies that are in memory at a time, unless a single one is longer. */
const ALL_BYTES = 16_777_216;

/** Opens the table; nothing is connected yet. Throws a RemoteError. */
export type OpenOutboxTable = (options: Options) => OutboxTable;

/** What a reader needs of the server. */
export interface OutboxSurroundings {
  readonly options: Options;
  /** Its commands run. */
  readonly inProcess: InProcess;
  readonly log: Log;
  readonly clock: Clock;
}

/** Makes the reader; it is to be run. */
export async function openOutbox(
  table: OutboxTable,
  { options, inProcess, log, clock }: OutboxSurroundings,
): Promise<Outbox> {
  const queue = await ServerOutboxQueue.open(inProcess, clock);
  const batchBytes = Math.max(0, options.maxBatchBytes - OUTBOX_ROWS_MAX * MARK_ROW_BYTES);
  const bodyBytesMax = Math.min(options.maxJobBytes, batchBytes);
  const allBytesMax = Math.max(bodyBytesMax, Math.min(batchBytes, ALL_BYTES));
  return new Outbox({ table, queue, log, clock, bodyBytesMax, allBytesMax });
}
