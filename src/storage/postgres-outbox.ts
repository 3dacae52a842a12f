/* Postgres outbox: an outbox table (outbox.ts) in PostgreSQL.
 *
 * Applications insert into `homemaker.outbox`; what can be no job goes to `outbox_refused`. Their
 * whole definition stands below, and in docs/outbox.md. Rows are taken by a transaction that stays
 * open until it is known what became of them, with their locks, which others skip: so it does not
 * matter in which order transactions commit, and several servers may read one table. Whoever
 * vanishes with a transaction open is ended by PostgreSQL after a while. A statement trigger
 * notifies; who does not hear of it looks once a second. Made by outbox-tables.ts.
 */
import { RemoteError } from "../remote-log.ts";
import type { OutboxLimits, OutboxRefusal, OutboxRow, OutboxTable } from "../outbox.ts";
import { parsePostgres } from "./postgres-address.ts";
import type { PostgresAddress } from "./postgres-address.ts";
import { numberOf, PostgresLink, textOf } from "./postgres-link.ts";
import type { Answer, Row, Value } from "./postgres-link.ts";

const CHANNEL = "homemaker_outbox";
/** Whoever makes the tables has this advisory lock. */
const MAKING = 7_146_533_918;
/** After that long PostgreSQL lets go of what a reader took that says nothing any more. */
const IDLE_SECONDS = 15;

/** What is made where it is not there. */
export const OUTBOX_SCHEMA = `create schema if not exists homemaker;
create table if not exists homemaker.outbox (
  id bigint generated always as identity,
  queue text not null default 'default',
  tube text not null check (tube ~ '^[A-Za-z0-9+/;.$_()][-A-Za-z0-9+/;.$_()]{0,199}$'),
  body bytea not null,
  priority bigint not null default 1024 check (priority between 0 and 4294967295),
  delay_millis bigint not null default 0 check (delay_millis >= 0),
  ttr_seconds bigint not null default 60 check (ttr_seconds between 1 and 4294967295),
  tags text not null default '',
  created_at timestamptz not null default now(),
  primary key (queue, id)
);
alter table homemaker.outbox set (autovacuum_vacuum_scale_factor = 0.05);
create table if not exists homemaker.outbox_refused (
  id bigint not null,
  queue text not null,
  tube text,
  body bytea,
  priority bigint,
  delay_millis bigint,
  ttr_seconds bigint,
  tags text,
  created_at timestamptz,
  reason text not null,
  refused_at timestamptz not null default now(),
  primary key (queue, id)
);
create or replace function homemaker.outbox_told() returns trigger language plpgsql as $$
begin
  perform pg_notify('${CHANNEL}', '');
  return null;
end $$;
drop trigger if exists outbox_told on homemaker.outbox;
create trigger outbox_told after insert on homemaker.outbox
  for each statement execute function homemaker.outbox_told();
`;

const MADE = `select to_regclass('homemaker.outbox') is not null
  and to_regclass('homemaker.outbox_refused') is not null as made`;
/** Microseconds of `created_at`: with the id the name of a row. */
const MICROS = `case when isfinite(created_at)
    then (extract(epoch from created_at) * 1000000)::numeric(20, 0)::text else '0' end`;
const OLDEST = `select case when isfinite(created_at)
    then extract(epoch from clock_timestamp() - created_at) else 0 end as age
  from homemaker.outbox where queue = $1 order by id limit 1`;
const TAKE = `with taken as materialized (
    select * from homemaker.outbox where queue = $1 and tube <> all($2::text[])
    order by id limit $3 for update skip locked)
  select id, ${MICROS} as micros, tube, octet_length(body) as bytes, priority, ttr_seconds, tags,
    case when isfinite(created_at)
      then delay_millis - 1000 * extract(epoch from clock_timestamp() - created_at)
      else 'NaN' end as delay_millis,
    case when octet_length(body) <= $4 and sum(octet_length(body)) over (order by id) <= $5
      then body end as body
  from taken order by id`;
const REMOVE = "delete from homemaker.outbox where queue = $1 and id = any($2::bigint[])";
const REMOVE_NAMED = `delete from homemaker.outbox
  using unnest($2::bigint[], $3::text[]) as named (row_id, micros)
  where queue = $1 and id = named.row_id and ${MICROS} = named.micros`;
const REFUSE = `with gone as (
    delete from homemaker.outbox where queue = $1 and id = any($2::bigint[]) returning *)
  insert into homemaker.outbox_refused
    (id, queue, tube, body, priority, delay_millis, ttr_seconds, tags, created_at, reason)
  select gone.id, queue, tube, body, priority, delay_millis, ttr_seconds, tags, created_at, why
  from gone join unnest($2::bigint[], $3::text[]) as said (id, why) on said.id = gone.id`;

/** The rows of one queue in PostgreSQL. */
export class PostgresOutbox implements OutboxTable {
  readonly #address: PostgresAddress;
  readonly #patienceMillis: number;
  #link: PostgresLink | undefined;
  #heard: () => void = () => undefined;
  readonly #closing = new AbortController();

  /**
   * Connects when it is told to. `patienceMillis`: how long an answer may take before the
   * connection counts as lost. Throws a RemoteError if that is no such url.
   */
  constructor(url: string, standby: "required" | "none", patienceMillis: number) {
    this.#address = parsePostgres(url, standby);
    this.#patienceMillis = patienceMillis;
  }

  async oldest(): Promise<number | undefined> {
    const [row] = (await this.#ask(OLDEST)).rows;
    return row && Math.max(0, numberOf(row, "age"));
  }

  async take(limits: OutboxLimits): Promise<readonly OutboxRow[]> {
    const { rowsMax, bodyBytesMax, allBytesMax, tubesAside } = limits;
    await this.#open.ask("begin");
    const { rows } = await this.#ask(TAKE, [tubesAside, rowsMax, bodyBytesMax, allBytesMax]);
    return rows.map(rowOf);
  }

  async end(removed: readonly string[], refused: readonly OutboxRefusal[]): Promise<void> {
    if (removed.length > 0) await this.#ask(REMOVE, [removed]);
    if (refused.length > 0) {
      const [ids, whys] = [refused.map(({ id }) => id), refused.map(({ why }) => why)];
      await this.#ask(REFUSE, [ids, whys]);
    }
    await this.#open.ask("commit");
  }

  async remove(names: readonly string[]): Promise<void> {
    const parts = names.map((name) => name.split("@"));
    const [ids, micros] = [0, 1].map((at) => parts.map((part) => part[at] ?? ""));
    await this.#ask(REMOVE_NAMED, [ids ?? [], micros ?? []]);
  }

  listen(heard: () => void): void {
    this.#heard = heard;
  }

  async reconnect(): Promise<void> {
    this.#link?.cut();
    this.#link = undefined;
    const { signal } = this.#closing;
    const link = await PostgresLink.open(this.#address, this.#patienceMillis, signal);
    this.#link = link;
    if (signal.aborted) link.cut();
    await link.ask(`set idle_in_transaction_session_timeout = '${IDLE_SECONDS}s'`);
    const [row] = (await link.ask(MADE)).rows;
    if (row?.["made"] !== true) {
      await link.ask(`begin; select pg_advisory_xact_lock(${MAKING}); ${OUTBOX_SCHEMA} commit`);
    }
    await link.listen(CHANNEL, () => this.#heard());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#link?.cut();
  }

  /** Runs a statement about this queue. */
  async #ask(text: string, values: readonly Value[] = []): Promise<Answer> {
    return this.#open.ask(text, [this.#address.journal, ...values]);
  }

  get #open(): PostgresLink {
    if (this.#link !== undefined) return this.#link;
    throw new RemoteError("HM_REMOTE_UNREACHABLE", "there is no connection");
  }
}

function rowOf(row: Row): OutboxRow {
  const body = row["body"];
  return {
    id: textOf(row, "id"),
    name: `${textOf(row, "id")}@${textOf(row, "micros")}`,
    tube: textOf(row, "tube"),
    body: body instanceof Uint8Array ? body : undefined,
    bodyBytes: numberOf(row, "bytes"),
    priority: numberOf(row, "priority"),
    delayMillis: Math.max(0, numberOf(row, "delay_millis")),
    ttrSeconds: numberOf(row, "ttr_seconds"),
    tags: textOf(row, "tags"),
  };
}
