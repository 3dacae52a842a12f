/* Postgres link: one connection to the primary of several PostgreSQL servers, on which a commit
 * that is answered is on a standby's disk too.
 *
 * Nothing is believed that could be a lie. A new connection is refused where a setting would let
 * the server answer before that. A commit during which the server gave a warning counts as lost
 * from sight, since a cancelled wait for a standby answers like a commit; so does one that takes
 * too long. Then the connection is cut, and nothing more comes of it. `pg` is loaded when the first
 * link is made. Used by postgres-log.ts.
 */
import { Socket } from "node:net";
import type * as Pg from "pg";
import type { Client, QueryResult } from "pg";
import { RemoteError } from "../remote-log.ts";
import { codeOf } from "../system-error.ts";
import type { PostgresAddress } from "./postgres-address.ts";

/** Time to connect to one server. */
const CONNECT_MILLIS = 5000;
/** Classes of SQLSTATE that another attempt may not meet: 08 connection, 25 read only, 40 rollback,
 * 53 resources, 55 not ready, 57 operator, 58 system, XX internal. */
const PASSING = new Set(["08", "25", "40", "53", "55", "57", "58", "XX"]);
const UNIQUE_VIOLATION = "23505";

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
export type Value = string | number | Buffer | null;
/** A row of an answer. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement came to. */
export interface Answer {
  readonly rows: readonly Row[];
  readonly count: number;
}

/** One connection. */
export class PostgresLink {
  readonly #client: Client;
  readonly #socket: Socket;
  #trouble: RemoteError | undefined;

  private constructor(client: Client, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    client.on("error", (error) => this.#lost(error.message));
    client.on("end", () => this.#lost("the server ended the connection"));
    client.on("notice", ({ severity, message }) => {
      if (severity === "WARNING") this.#lost(`the server warned: ${message ?? ""}`);
    });
  }

  /**
   * Connects to the first server that is a primary and can be believed. `patience`: most
   * milliseconds that an answer may take. Rejects with a RemoteError.
   */
  static async open(address: PostgresAddress, patience: number): Promise<PostgresLink> {
    const refusals: string[] = [];
    let isUnsafe = false;
    for (const server of address.servers) {
      try {
        return await PostgresLink.#openTo(server, address, patience);
      } catch (error) {
        if (!(error instanceof RemoteError) || error.code === "HM_REMOTE_FAILED") throw error;
        isUnsafe ||= error.code === "HM_REMOTE_UNSAFE";
        refusals.push(`${hostOf(server)}: ${error.message}`);
      }
    }
    const code = isUnsafe ? "HM_REMOTE_UNSAFE" : "HM_REMOTE_UNREACHABLE";
    throw new RemoteError(code, refusals.join("; "));
  }

  static async #openTo(
    server: string,
    { needsStandby }: PostgresAddress,
    patience: number,
  ): Promise<PostgresLink> {
    const { default: pg } = await loadPg();
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: server,
      stream: () => socket,
      connectionTimeoutMillis: CONNECT_MILLIS,
      query_timeout: patience,
      keepAlive: true,
      fallback_application_name: "homemaker",
    });
    const link = new PostgresLink(client, socket);
    try {
      await client.connect();
      await client.query("set synchronous_commit = 'on'");
      const { rows } = await client.query<Looks>(LOOK);
      refuse(rows[0], needsStandby);
      return link;
    } catch (error) {
      link.cut();
      throw failureOf(error);
    }
  }

  /** Runs one statement. Rejects with a RemoteError; then nothing is known of what became of it. */
  async ask(text: string, values: readonly Value[] = [], name?: string): Promise<Answer> {
    if (this.#trouble !== undefined) throw this.#trouble;
    let result: QueryResult<Record<string, unknown>>;
    try {
      result = await this.#client.query({ text, values: [...values], ...(name && { name }) });
    } catch (error) {
      const failure = failureOf(error);
      if (codeOf(error) !== UNIQUE_VIOLATION) this.#lost(failure.message);
      throw failure;
    }
    // A notice comes before the answer that it belongs to.
    if (this.#trouble !== undefined) throw this.#trouble;
    return { rows: result.rows, count: result.rowCount ?? 0 };
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

function failureOf(error: unknown): RemoteError {
  if (error instanceof RemoteError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const isState = /^[0-9A-Z]{5}$/.test(code);
  const isPassing = !isState || PASSING.has(code.slice(0, 2));
  const kind = isPassing ? "HM_REMOTE_UNREACHABLE" : "HM_REMOTE_FAILED";
  return new RemoteError(kind, message, { cause: error });
}

function hostOf(server: string): string {
  return /^[a-z]+:\/\/(?:[^@/]*@)?([^/?]*)/.exec(server)?.[1] ?? "";
}
