/* Remote logs: every kind of place that a copy of a journal can be kept in. A new one is a file
 * beside this one and a line in the table. Used by the runtimes.
 */
import { RemoteError } from "../remote-log.ts";
import type { RemoteLog, RemoteLogTimes } from "../remote-log.ts";
import { isPostgres } from "./postgres-address.ts";
import { PostgresLog } from "./postgres-log.ts";

/** One kind of place. */
interface RemoteLogKind {
  readonly isOf: (url: string) => boolean;
  /** Opens it; nothing is connected yet. Throws a RemoteError. */
  readonly open: (url: string, times: RemoteLogTimes) => RemoteLog;
}

const POSTGRES: RemoteLogKind = {
  isOf: isPostgres,
  open: (url, times) => new PostgresLog(url, times),
};

const KINDS: readonly RemoteLogKind[] = [POSTGRES];

/** Opens the log of that url. Throws a RemoteError. */
export function openRemoteLog(url: string, times: RemoteLogTimes): RemoteLog {
  const kind = KINDS.find(({ isOf }) => isOf(url));
  if (kind !== undefined) return kind.open(url, times);
  throw new RemoteError("HM_REMOTE_FAILED", "a remote journal is at a postgres:// url");
}
