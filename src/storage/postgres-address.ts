/* Postgres address: the url of a remote journal on PostgreSQL, and the connections that it stands
 * for.
 *
 *   postgres://user:password@host:port,host:port/database?journal=name&standbys=required&...
 *
 * Several hosts are several servers of which one is the primary. `journal` tells several queues in
 * one database apart, `standbys=none` accepts a database that is replicated by other means than
 * PostgreSQL's standbys; what else stands behind the question mark is PostgreSQL's. Without a
 * password PGPASSWORD and the password file count, as for all programs. Used by postgres-log.ts.
 */
import { RemoteError } from "../remote-log.ts";

const URL = /^(postgres(?:ql)?:\/\/(?:[^@/]*@)?)([^/?]*)(\/[^?]*)?(?:\?(.*))?$/;
/** Names of journals: those that need no quotes anywhere. */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const STANDBYS = ["required", "none"];

/** A remote journal on PostgreSQL. */
export interface PostgresAddress {
  /** A url for each server. */
  readonly servers: readonly string[];
  /** Name of the journal. */
  readonly journal: string;
  /** Whether PostgreSQL itself must wait for a standby. */
  readonly needsStandby: boolean;
}

/** Whether a url is of this kind. */
export function isPostgres(url: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(url);
}

/** What a url stands for. Throws a RemoteError that does not show its password. */
export function parsePostgres(url: string): PostgresAddress {
  const [, front, hosts, path = "", query = ""] = URL.exec(url) ?? [];
  if (front === undefined || hosts === undefined) {
    throw wrong("it is no postgres://user@host:port/database");
  }
  const parameters = new URLSearchParams(query);
  const journal = parameters.get("journal") ?? "default";
  const standbys = parameters.get("standbys") ?? "required";
  if (!NAME.test(journal)) throw wrong("journal may have letters, digits and _.-, 64 at most");
  if (!STANDBYS.includes(standbys)) throw wrong("standbys may be required or none");
  parameters.delete("journal");
  parameters.delete("standbys");
  const rest = parameters.size > 0 ? `${path}?${parameters.toString()}` : path;
  return {
    servers: hosts.split(",").map((host) => `${front}${host}${rest}`),
    journal,
    needsStandby: standbys === "required",
  };
}

function wrong(why: string): RemoteError {
  return new RemoteError("HM_REMOTE_FAILED", `the remote journal's url: ${why}`);
}
