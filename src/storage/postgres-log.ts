/* Postgres log: a remote log (remote-log.ts) in tables of PostgreSQL.
 *
 * `homemaker.entry` has the entries, a row each. Its primary key is the journal and the entry's
 * number, and a row goes in only behind one of the same epoch: that is the fence. Rows are never
 * changed; those of files that were removed are deleted, some at a time, the row of the removal
 * last. `homemaker.lease` says who leads and until when, by the database's clock, and
 * `homemaker.format` in which form they are. Their whole definition stands below, and in
 * docs/replication.md.
 *
 * Whoever reads what another connection may have written, perhaps without a standby's knowledge,
 * commits something behind it before it is believed: a standby that has that has all before it.
 * Opened by remote-logs.ts.
 */
import { createHash } from "node:crypto";
import { RemoteError } from "../remote-log.ts";
import type {
  Claim,
  Found,
  RemoteEnd,
  RemoteEntry,
  RemoteLog,
  RemoteLogOptions,
  RemoteOperation,
} from "../remote-log.ts";
import { parsePostgres } from "./postgres-address.ts";
import type { PostgresAddress } from "./postgres-address.ts";
import { isOccupied, numberOf, PostgresLink, textOf } from "./postgres-link.ts";
import type { Answer, Value } from "./postgres-link.ts";

/** The newest form of the tables that this program knows. */
const FORMAT = 1;
/** Rows that are deleted at a time: so few that it ends before patience does. */
const SWEPT_AT_A_TIME = 100;
/** Whoever makes the tables has this advisory lock. */
const MAKING = 7_146_533_917;
/** Whoever stands by shares one of these, which goes with his connection: that of his journal. */
const STANDING_BY = 714_653_391;

const SCHEMA = `
create schema if not exists homemaker;
create table if not exists homemaker.format (version int not null);
insert into homemaker.format select ${FORMAT} where not exists (select from homemaker.format);
create table if not exists homemaker.entry (
  journal text not null,
  sequence bigint not null,
  epoch bigint not null,
  kind text not null check (kind in ('lead', 'create', 'write', 'remove')),
  file text not null,
  position bigint not null,
  bytes bigint not null,
  digest text not null,
  body bytea,
  primary key (journal, sequence)
);
alter table homemaker.entry alter column body set storage external;
alter table homemaker.entry set (autovacuum_vacuum_scale_factor = 0.05);
create index if not exists entry_file on homemaker.entry (journal, file, sequence);
create index if not exists entry_mark on homemaker.entry (journal, kind, sequence)
  where kind in ('lead', 'remove');
create table if not exists homemaker.lease (
  journal text primary key,
  leader text not null,
  until timestamptz not null
);`;

/** Commits something, so that all that was committed before is where that is. */
const BARRIER = `insert into homemaker.lease as old values ($1, '', 'epoch')
  on conflict (journal) do update set until = old.until`;
const NEWEST = `select sequence, epoch,
  (select file from homemaker.entry where journal = $1 and kind = 'lead'
   order by sequence desc limit 1) as leader
  from homemaker.entry where journal = $1 order by sequence desc limit 1`;
const LEAD = `insert into homemaker.entry values ($1, $2, $3, 'lead', $4, 0, 0, '', null)`;
const LOOK = `select epoch, kind, file, position, bytes, digest from homemaker.entry
  where journal = $1 and sequence = $2`;
const ENTRIES = `select sequence, kind, file, position, bytes, digest from homemaker.entry
  where journal = $1 and kind <> 'lead' order by sequence`;
const READ = `select body from homemaker.entry where journal = $1 and sequence = $2`;
/** What is behind a removal goes before the removal itself. */
const SWEEP = `delete from homemaker.entry where journal = $1 and sequence in (
  select old.sequence from homemaker.entry old join homemaker.entry gone
    on gone.journal = $1 and gone.file = old.file and gone.kind = 'remove'
   and old.sequence < gone.sequence
  where old.journal = $1 and old.kind <> 'lead' limit $2)`;
const SWEEP_LAST = `delete from homemaker.entry gone where journal = $1 and sequence in (
  select sequence from homemaker.entry one where journal = $1 and kind = 'remove'
  and not exists (select from homemaker.entry old where old.journal = $1 and old.file = one.file
    and old.sequence < one.sequence)
  and sequence < (select max(sequence) from homemaker.entry where journal = $1) limit $2)`;
const SWEEP_LEADS = `delete from homemaker.entry old where journal = $1 and kind = 'lead'
  and sequence < (select max(sequence) from homemaker.entry where journal = $1 and kind = 'lead')`;
const CLAIM = `insert into homemaker.lease as old
  values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
  on conflict (journal) do update set leader = excluded.leader, until = excluded.until
  where old.until < clock_timestamp() or old.leader = excluded.leader`;
const HOLDER = `select leader, extract(epoch from until - clock_timestamp()) * 1000 as left,
  (select epoch from homemaker.entry where journal = $1 order by sequence desc limit 1)
  from homemaker.lease where journal = $1`;
/** A journal's number among those locks. */
const LOCK_NUMBER = `('x' || substr(md5($1), 1, 8))::bit(32)`;
const STAND_BY = `select pg_advisory_lock_shared(${STANDING_BY}, ${LOCK_NUMBER}::int)`;
const STAND_BY_NO_MORE = `select pg_advisory_unlock_shared(${STANDING_BY}, ${LOCK_NUMBER}::int)`;
const STANDBYS = `select count(*) as standbys from pg_locks
  where locktype = 'advisory' and objsubid = 2 and classid = ${STANDING_BY}
  and objid::bigint = ${LOCK_NUMBER}::bigint
  and database = (select oid from pg_database where datname = current_database())`;
const RENEW = `update homemaker.lease set until = clock_timestamp() + $3 * interval '1 millisecond'
  where journal = $1 and leader = $2`;
const RELEASE = `update homemaker.lease set until = 'epoch' where journal = $1 and leader = $2`;

/** Columns of an entry that differ from one to the next of an append, and their types. */
const COLUMNS = ["bigint", "text", "text", "bigint", "bigint", "text", "bytea"] as const;

/** Appends so many entries, if the one in front of them is of the same epoch. */
function appendOf(count: number): string {
  const rows = Array.from({ length: count }, (_, row) => {
    const values = COLUMNS.map((type, at) => `$${4 + row * COLUMNS.length + at}::${type}`);
    return `(${values.join(", ")})`;
  });
  return `insert into homemaker.entry
    select $1, new.sequence, $2, new.kind, new.file, new.position, new.bytes, new.digest, new.body
    from (values ${rows.join(", ")})
      as new (sequence, kind, file, position, bytes, digest, body)
    where exists (select from homemaker.entry
      where journal = $1 and sequence = $3 and epoch = $2)`;
}

/** A journal's log on PostgreSQL. */
export class PostgresLog implements RemoteLog {
  readonly #address: PostgresAddress;
  readonly #leaseMillis: number;
  readonly #patienceMillis: number;
  readonly #onlyReads: boolean;
  #link: PostgresLink | undefined;
  /** What is being opened: those who ask meanwhile share it. */
  #opening: Promise<PostgresLink> | undefined;
  /** How often it was cut: nobody wants a link that began to be opened before the last time. */
  #cuts = 0;
  /** Resolves once all is answered that was asked: `pg` takes one statement at a time. */
  #asked: Promise<unknown> = Promise.resolve();
  #isMade = false;
  /** The connection that counts as one who stands by. */
  #waiting: PostgresLink | undefined;

  /** Connects when it is first asked. Throws a RemoteError if that is no such url. */
  constructor(url: string, { leaseMillis, patienceMillis, onlyReads }: RemoteLogOptions) {
    this.#address = parsePostgres(url);
    this.#leaseMillis = leaseMillis;
    this.#patienceMillis = patienceMillis;
    this.#onlyReads = onlyReads === true;
  }

  async newest(): Promise<RemoteEnd | undefined> {
    const [row] = (await this.#ask(NEWEST)).rows;
    if (!this.#onlyReads) await this.#ask(BARRIER);
    if (row === undefined) return undefined;
    const [sequence, epoch] = [numberOf(row, "sequence"), numberOf(row, "epoch")];
    return { sequence, epoch, leader: textOf(row, "leader") };
  }

  async lead(sequence: number, epoch: number, leader: string): Promise<boolean> {
    return this.#unlessOccupied(LEAD, [sequence, epoch, leader]);
  }

  async append(
    sequence: number,
    epoch: number,
    operations: readonly RemoteOperation[],
  ): Promise<boolean> {
    const rows = operations.flatMap((one, at) => [sequence + at, ...this.#columnsOf(one)]);
    const text = appendOf(operations.length);
    const name = `append ${operations.length}`;
    return this.#unlessOccupied(text, [epoch, sequence - 1, ...rows], name);
  }

  /** A row that stands there, and was not heard of, is no error. */
  async #unlessOccupied(text: string, values: readonly Value[], name?: string): Promise<boolean> {
    try {
      return (await this.#ask(text, values, name)).count > 0;
    } catch (error) {
      if (isOccupied(error)) return false;
      throw error;
    }
  }

  #columnsOf(operation: RemoteOperation): readonly Value[] {
    const { kind, file } = operation;
    if (kind === "remove") return [kind, file, 0, 0, "", null];
    if (kind === "create") return [kind, file, 0, operation.bytes, "", null];
    const { position, body } = operation;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    return [kind, file, position, body.length, this.digest(body), bytes];
  }

  async look(sequence: number, epoch: number, operation: RemoteOperation): Promise<Found> {
    const [row] = (await this.#ask(LOOK, [sequence])).rows;
    if (row === undefined) return "nothing";
    const [kind, file, position, bytes, digest] = this.#columnsOf(operation);
    const isOurs =
      numberOf(row, "epoch") === epoch &&
      textOf(row, "kind") === kind &&
      textOf(row, "file") === file &&
      numberOf(row, "position") === position &&
      numberOf(row, "bytes") === bytes &&
      textOf(row, "digest") === digest;
    if (!isOurs) return "another's";
    await this.#ask(BARRIER);
    return "ours";
  }

  async entries(): Promise<readonly RemoteEntry[]> {
    const { rows } = await this.#ask(ENTRIES);
    return rows.map((row) => ({
      sequence: numberOf(row, "sequence"),
      kind: textOf(row, "kind") as RemoteEntry["kind"],
      file: textOf(row, "file"),
      position: numberOf(row, "position"),
      bytes: numberOf(row, "bytes"),
      digest: textOf(row, "digest"),
    }));
  }

  async read(sequence: number): Promise<Uint8Array> {
    const body = (await this.#ask(READ, [sequence], "read")).rows[0]?.["body"];
    if (body instanceof Uint8Array) return body;
    throw new RemoteError("HM_REMOTE_FAILED", `entry ${sequence} of the remote journal is gone`);
  }

  digest(body: Uint8Array): string {
    return createHash("md5").update(body).digest("hex");
  }

  async sweep(): Promise<boolean> {
    const { count } = await this.#ask(SWEEP, [SWEPT_AT_A_TIME]);
    if (count === SWEPT_AT_A_TIME) return true;
    await this.#ask(SWEEP_LEADS);
    return (await this.#ask(SWEEP_LAST, [SWEPT_AT_A_TIME])).count === SWEPT_AT_A_TIME;
  }

  async reconnect(): Promise<void> {
    this.#cut();
    await this.#open();
  }

  async claim(leader: string): Promise<Claim> {
    const { count } = await this.#ask(CLAIM, [leader, this.#leaseMillis]);
    const isTaken = count > 0;
    await this.#standBy(!isTaken);
    if (isTaken) return { isTaken };
    const row = (await this.#ask(HOLDER)).rows[0];
    if (row === undefined) return { isTaken, leader: "", epoch: 0, leftMillis: 0 };
    const leftMillis = Math.max(0, numberOf(row, "left"));
    return { isTaken, leader: textOf(row, "leader"), epoch: numberOf(row, "epoch"), leftMillis };
  }

  async #standBy(stands: boolean): Promise<void> {
    if (stands === (this.#waiting !== undefined && this.#waiting === this.#link)) return;
    await this.#ask(stands ? STAND_BY : STAND_BY_NO_MORE);
    this.#waiting = stands ? this.#link : undefined;
  }

  async standbys(): Promise<number> {
    const [row = {}] = (await this.#ask(STANDBYS)).rows;
    return numberOf(row, "standbys");
  }

  async renew(leader: string): Promise<boolean> {
    return (await this.#ask(RENEW, [leader, this.#leaseMillis])).count > 0;
  }

  async release(leader: string): Promise<void> {
    await this.#ask(RELEASE, [leader]);
  }

  async close(): Promise<void> {
    this.#cut();
  }

  #cut(): void {
    this.#cuts++;
    this.#link?.cut();
    this.#link = undefined;
    this.#opening = undefined;
  }

  /** Runs a statement about this journal, once those before it are done; not behind a cut. */
  #ask(text: string, values: readonly Value[] = [], name?: string): Promise<Answer> {
    const cuts = this.#cuts;
    const answer = this.#asked.then(() => {
      if (cuts !== this.#cuts) throw cutMeanwhile();
      return this.#askNow(text, values, name);
    });
    this.#asked = answer.catch(() => undefined); // whoever asked hears of it
    return answer;
  }

  async #askNow(text: string, values: readonly Value[], name?: string): Promise<Answer> {
    const link = this.#link ?? (await this.#open());
    return link.ask(text, [this.#address.journal, ...values], name);
  }

  /** The link; one is made for all who ask before it is there. */
  #open(): Promise<PostgresLink> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#opened(this.#cuts).finally(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return (this.#opening = opening);
  }

  /** Makes one; it is cut where that failed, or somebody cut or closed meanwhile. */
  async #opened(cuts: number): Promise<PostgresLink> {
    const link = await PostgresLink.open(this.#address, this.#patienceMillis);
    try {
      if (!this.#isMade) await this.#make(link);
      if (cuts !== this.#cuts) throw cutMeanwhile();
      return (this.#link = link);
    } catch (error) {
      link.cut();
      throw error;
    }
  }

  /** Makes the tables, if nobody has. */
  async #make(link: PostgresLink): Promise<void> {
    const found = await link.ask("select to_regclass('homemaker.lease') is not null as made");
    const isThere = found.rows[0]?.["made"] === true;
    if (!isThere && this.#onlyReads) {
      throw new RemoteError("HM_REMOTE_FAILED", "no journal was ever copied to that database");
    }
    if (!isThere) {
      await link.ask(`begin; select pg_advisory_xact_lock(${MAKING}); ${SCHEMA}; commit`);
    }
    const [row = {}] = (await link.ask("select version from homemaker.format")).rows;
    if (numberOf(row, "version") > FORMAT) {
      const message = "a newer version of the program made the remote journal's tables";
      throw new RemoteError("HM_REMOTE_FAILED", message);
    }
    this.#isMade = true;
  }
}

function cutMeanwhile(): RemoteError {
  return new RemoteError("HM_REMOTE_UNREACHABLE", "the connection was closed meanwhile");
}
