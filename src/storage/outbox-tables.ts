/* Outbox tables: where a server's outbox is, by its options. Used by cli/server-command.ts. */
import type { Options } from "../config/options.ts";
import type { OutboxTable } from "../outbox.ts";
import { PostgresOutbox } from "./postgres-outbox.ts";

/** How long the database may take for an answer. */
const PATIENCE_MILLIS = 30_000;

/**
 * Opens the table; nothing is connected yet. The database of the journal has standbys; another one
 * may have none. Throws a RemoteError.
 */
export function openOutboxTable({ outbox, journalUrl }: Options): OutboxTable {
  return outbox === "journal"
    ? new PostgresOutbox(journalUrl ?? "", "required", PATIENCE_MILLIS)
    : new PostgresOutbox(outbox ?? "", "none", PATIENCE_MILLIS);
}
