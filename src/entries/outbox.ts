/* `homemaker/outbox`: jobs as rows that a program inserts in its own transactions. */
export { outboxInsert, outboxRow } from "../worker/outbox.ts";
export type { OutboxInsert, OutboxOptions, OutboxRecord } from "../worker/outbox.ts";
