/* Postgres address: the url of a remote journal or an outbox on PostgreSQL, and the connections
 * that it stands for.
 *
 *   postgres://user:password@host:port,host:port/database?journal=name&standbys=required&...
 *
 * Several hosts are several servers of which one is the primary. `journal` tells several queues in
 * one database apart, `standbys=none` accepts a database that is replicated by other means than
 * PostgreSQL's standbys; what else stands behind the question mark is PostgreSQL's. Without a
 * password PGPASSWORD and the password file count, as for all programs. A password may have any
 * letters but a question mark, and is shown nowhere. Used by postgres-log.ts and
 * postgres-outbox.ts.
 */
import { partUrl } from "../protocol/place-url.ts";
import { RemoteError } from "../remote-log.ts";

/** What has to be written otherwise within a name and a password. */
const RESERVED = /[@/,#[\]]/g;
/** Names of journals: those that need no quotes anywhere. */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const STANDBYS = ["required", "none"];

/** One of the servers. */
export interface PostgresServerAddress {
  /** Its host and port, which may be shown. */
  readonly host: string;
  readonly url: string;
}

/** A remote journal, or an outbox, on PostgreSQL. */
export interface PostgresAddress {
  readonly servers: readonly PostgresServerAddress[];
  /** Name of the journal. */
  readonly journal: string;
  /** Whether PostgreSQL itself must wait for a standby. */
  readonly needsStandby: boolean;
}

/** Whether a url is of this kind. */
export function isPostgres(url: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(url);
}

/**
 * What a url stands for; `standby` counts where it does not say. Throws a RemoteError that does not
 * show its password.
 */
export function parsePostgres(
  url: string,
  standby: "required" | "none" = "required",
): PostgresAddress {
  const mark = url.indexOf("?");
  const [front, query] = mark < 0 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
  const { scheme, user, place } = partUrl(front);
  if (!isPostgres(scheme)) throw wrong("it is no postgres://user@host:port/database");
  if (query.includes("@")) throw wrong("behind the question mark an @ is %40; in front a ? is %3F");
  const slash = place.indexOf("/");
  const [hosts, path] = slash < 0 ? [place, ""] : [place.slice(0, slash), place.slice(slash)];
  const parameters = new URLSearchParams(query);
  const journal = parameters.get("journal") ?? "default";
  const standbys = parameters.get("standbys") ?? standby;
  if (!NAME.test(journal)) throw wrong("journal may have letters, digits and _.-, 64 at most");
  if (!STANDBYS.includes(standbys)) throw wrong("standbys may be required or none");
  parameters.delete("journal");
  parameters.delete("standbys");
  const who = user === "" ? "" : `${user.replace(RESERVED, encodeURIComponent)}@`;
  const rest = parameters.size > 0 ? `${path}?${parameters.toString()}` : path;
  return {
    servers: hosts.split(",").map((host) => ({ host, url: `${scheme}${who}${host}${rest}` })),
    journal,
    needsStandby: standbys === "required",
  };
}

function wrong(why: string): RemoteError {
  return new RemoteError("HM_REMOTE_FAILED", `the url of PostgreSQL: ${why}`);
}
