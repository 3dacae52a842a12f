/* Postgres link: one connection to the primary of several PostgreSQL servers, on which a commit
 * that is answered is on a standby's disk too.
 *
 * Nothing is believed that could be a lie. A new connection is refused where a setting would let
 * the server answer before that. A commit during which the server gave a warning counts as lost
 * from sight, since a cancelled wait for a standby answers like a commit; so does one that takes
 * too long. Then the connection is cut, and nothing more comes of it. Warnings are told by their
 * codes: their words, severity included, are in the server's language. `pg` is loaded when the
 * first link is made. Used by postgres-log.ts and postgres-outbox.ts.
 */
import { Socket } from "node:net";
import type * as Pg from "pg";
import type { Client, QueryResult } from "pg";
import { RemoteError } from "../remote-log.ts";
import { codeOf } from "../system-error.ts";
import type { PostgresAddress, PostgresServerAddress } from "./postgres-address.ts";

/** Most time to connect to one server. */
const CONNECT_MILLIS_MAX = 5000;
/** Codes of notices that mean nothing: no code, and that a schema or a table is there already. */
const HARMLESS = new Set(["00000", "42P06", "42P07"]);
/** Classes of SQLSTATE that another attempt may not meet: 08 connection, 25 read only, 40 rollback,
 * 53 resources, 55 not ready, 57 operator, 58 system, XX internal. */
const PASSING = new Set(["08", "25", "40", "53", "55", "57", "58", "XX"]);
const UNIQUE_VIOLATION = "23505";

/**
 * After so many seconds without a word the server asks whether we are still there, so often until
 * it gives up; and it waits no longer until we have what it sent. Otherwise the locks of a machine
 * that lost its power would stay for hours. Versions before 12 do not know the last of them; Unix
 * sockets, whose other end is on the same machine, take them and do nothing.
 */
const KEEP_ALIVE = `select set_config(name, setting, false)
  from (values ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'),
    ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '11000')) as wanted (name, setting)
  where exists (select from pg_settings as known where known.name = wanted.name)`;
/** Asked of each server that a link is made to. */
const LOOK = `select pg_is_in_recovery() as standby, current_setting('fsync') as fsync,
  current_setting('full_page_writes') as full_page_writes,
  current_setting('synchronous_commit') as synchronous_commit,
  current_setting('synchronous_standby_names') as synchronous_standby_names,
  current_setting('server_version_num')::int as version`;

interface Looks {
  readonly standby: boolean;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly synchronous_standby_names: string;
}

/** A value in a statement. */
export type Value = string | number | Buffer | null | readonly string[];
/** A row of an answer. */
export type Row = Readonly<Record<string, unknown>>;

/** A column of a row that has a number. */
export function numberOf(row: Row, column: string): number {
  return Number(row[column]);
}

/** A column of a row as text. */
export function textOf(row: Row, column: string): string {
  return String(row[column]);
}

/** What a statement came to. */
export interface Answer {
  readonly rows: readonly Row[];
  readonly count: number;
}

/** One connection. */
export class PostgresLink {
  readonly #host: string;
  readonly #client: Client;
  readonly #socket: Socket;
  #isAsked = false;
  #trouble: RemoteError | undefined;

  private constructor(host: string, client: Client, socket: Socket) {
    this.#host = host;
    this.#client = client;
    this.#socket = socket;
    client.on("error", (error) => this.#lost(error.message));
    client.on("end", () => this.#lost("the server ended the connection"));
    // What a server says of itself to whoever connects belongs to no answer.
    client.on("notice", ({ code, message }) => {
      if (this.#isAsked && !HARMLESS.has(code ?? "")) this.#lost(`the server warned: ${message}`);
    });
  }

  /**
   * Connects to all servers at once; the first counts that is a primary and can be believed.
   * `patience`: most milliseconds that an answer may take; once `signal` says so, nobody waits for
   * it any more. Rejects with a RemoteError.
   */
  static async open(
    address: PostgresAddress,
    patience: number,
    signal?: AbortSignal,
  ): Promise<PostgresLink> {
    const { Client: PgClient } = (await loadPg()).default;
    const links = address.servers.map((server) => PostgresLink.#to(PgClient, server, patience));
    const cutAll = (): void => {
      for (const link of links) link.cut();
    };
    signal?.addEventListener("abort", cutAll);
    const attempts = links.map((link) => link.#opened(address, patience));
    try {
      const first = await Promise.any(attempts);
      for (const link of links) if (link !== first) link.cut();
      return first;
    } catch (error) {
      throw error instanceof AggregateError ? refusalOf(error.errors) : error;
    } finally {
      signal?.removeEventListener("abort", cutAll);
    }
  }

  static #to(
    PgClient: typeof Client,
    { host, url }: PostgresServerAddress,
    patience: number,
  ): PostgresLink {
    const socket = new Socket();
    const client = new PgClient({
      connectionString: url,
      stream: () => socket,
      connectionTimeoutMillis: Math.min(CONNECT_MILLIS_MAX, patience),
      query_timeout: patience,
      keepAlive: true,
      fallback_application_name: "homemaker",
    });
    return new PostgresLink(host, client, socket);
  }

  /** Connects, and looks at the server. */
  async #opened({ needsStandby }: PostgresAddress, patience: number): Promise<this> {
    try {
      await this.#client.connect();
      // What waits for a row's lock is given up there too, or connections would pile up.
      const timeout = `set statement_timeout = ${Math.ceil(patience)}`;
      await this.#client.query(`set synchronous_commit = 'on'; ${timeout}; ${KEEP_ALIVE}`);
      const { rows } = await this.#client.query<Looks>(LOOK);
      refuse(rows[0], needsStandby);
      return this;
    } catch (error) {
      const { code, message } = this.#failureOf(error);
      this.cut();
      throw new RemoteError(code, `${this.#host}: ${message}`, { cause: error });
    }
  }

  /** Runs one statement. Rejects with a RemoteError; then nothing is known of what became of it. */
  async ask(text: string, values: readonly Value[] = [], name?: string): Promise<Answer> {
    if (this.#trouble !== undefined) throw this.#trouble;
    this.#isAsked = true;
    let result: QueryResult<Record<string, unknown>>;
    try {
      result = await this.#client.query({ text, values: [...values], ...(name && { name }) });
    } catch (error) {
      const failure = this.#failureOf(error);
      if (!isOccupied(failure)) this.#lost(failure.message);
      throw failure;
    }
    // A notice comes before the answer that it belongs to.
    if (this.#trouble !== undefined) throw this.#trouble;
    return { rows: result.rows, count: result.rowCount ?? 0 };
  }

  /** Calls `heard` whenever somebody notifies that channel, from when this is answered. */
  async listen(channel: string, heard: () => void): Promise<void> {
    this.#client.on("notification", (message) => {
      if (message.channel === channel) heard();
    });
    await this.ask(`listen ${channel}`);
  }

  /** What the server said of it; otherwise what is known of the connection. */
  #failureOf(error: unknown): RemoteError {
    return stateOf(error) === "" && this.#trouble !== undefined ? this.#trouble : failureOf(error);
  }

  /** Cuts it: nothing is sent any more, and nothing heard. */
  cut(): void {
    this.#trouble ??= new RemoteError("HM_REMOTE_UNREACHABLE", "the connection is closed");
    this.#socket.destroy();
  }

  #lost(why: string): void {
    this.#trouble ??= new RemoteError("HM_REMOTE_UNREACHABLE", why);
    this.#socket.destroy();
  }
}

/** Whether a statement failed only because a row stands at its place. */
export function isOccupied(error: unknown): boolean {
  return error instanceof RemoteError && codeOf(error.cause) === UNIQUE_VIOLATION;
}

async function loadPg(): Promise<typeof Pg> {
  try {
    return await import("pg");
  } catch (cause) {
    const message = "the package pg is missing: npm install pg";
    throw new RemoteError("HM_REMOTE_FAILED", message, { cause });
  }
}

/** Throws a RemoteError that says what to set where a commit could be answered too early. */
function refuse(looks: Looks | undefined, needsStandby: boolean): void {
  if (looks === undefined) throw new RemoteError("HM_REMOTE_FAILED", "no answer");
  if (looks.standby) throw new RemoteError("HM_REMOTE_UNREACHABLE", "it is a standby");
  const wanted: string[] = [];
  if (looks.fsync !== "on") wanted.push("fsync = on");
  if (looks.full_page_writes !== "on") wanted.push("full_page_writes = on");
  if (looks.synchronous_commit !== "on") wanted.push("synchronous_commit = on");
  if (needsStandby && looks.synchronous_standby_names.trim() === "") {
    wanted.push("synchronous_standby_names = 'ANY 1 (...)', with the names of its standbys");
  }
  if (wanted.length === 0) return;
  const message = `it may lose what it has answered; set ${wanted.join(", and ")}`;
  throw new RemoteError("HM_REMOTE_UNSAFE", message);
}

/** SQLSTATE of what the server itself said; some codes of the system look like one: EPIPE. */
function stateOf(error: unknown): string {
  return error instanceof Error && "severity" in error ? codeOf(error) : "";
}

/** What a failed statement, or a failed attempt to connect, means to the caller. */
export function failureOf(error: unknown): RemoteError {
  if (error instanceof RemoteError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const state = stateOf(error);
  const isPassing = state === "" || PASSING.has(state.slice(0, 2));
  const kind = isPassing ? "HM_REMOTE_UNREACHABLE" : "HM_REMOTE_FAILED";
  return new RemoteError(kind, message, { cause: error });
}

/** Why none of the servers can be used. What one refuses for good another may still grant. */
function refusalOf(errors: readonly unknown[]): RemoteError {
  const refusals = errors.map(failureOf);
  const codes = refusals.map(({ code }) => code);
  const all = refusals.map(({ message }) => message).join("; ");
  if (codes.includes("HM_REMOTE_UNSAFE")) return new RemoteError("HM_REMOTE_UNSAFE", all);
  const isForGood = codes.every((code) => code === "HM_REMOTE_FAILED");
  return new RemoteError(isForGood ? "HM_REMOTE_FAILED" : "HM_REMOTE_UNREACHABLE", all);
}
