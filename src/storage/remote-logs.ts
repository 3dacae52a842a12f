/* Remote logs: every kind of place that a copy of a journal can be kept in. A new one is a file
 * beside this one and a line in the table. Used by the runtimes.
 */
import { RemoteError } from "../remote-log.ts";
import type { RemoteLog, RemoteLogOptions } from "../remote-log.ts";
import { isPostgres } from "./postgres-address.ts";
import { PostgresLog } from "./postgres-log.ts";

/** One kind of place. */
interface RemoteLogKind {
  readonly isOf: (url: string) => boolean;
  /** Opens it; nothing is connected yet. Throws a RemoteError. */
  readonly open: (url: string, options: RemoteLogOptions) => RemoteLog;
}

const POSTGRES: RemoteLogKind = {
  isOf: isPostgres,
  open: (url, options) => new PostgresLog(url, options),
};

const KINDS: readonly RemoteLogKind[] = [POSTGRES];

/** Opens the log of that url. Throws a RemoteError. */
export function openRemoteLog(url: string, options: RemoteLogOptions): RemoteLog {
  const kind = KINDS.find(({ isOf }) => isOf(url));
  if (kind !== undefined) return kind.open(url, options);
  throw new RemoteError("HM_REMOTE_FAILED", "a remote journal is at a postgres:// url");
}
