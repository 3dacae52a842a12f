/* FileBudget: how many connections there may be, so that the files that a server may have open
 * suffice for everything else.
 *
 * What must never fail comes first: the journal, which ends the process when it cannot open its
 * next file, then what each thread and the process itself have. Connections share what is left.
 * Called once, when the server starts.
 */

/** What needs files. */
export interface FileNeeds {
  readonly threads: number;
  /** Sockets that listen, in all threads, HTTP's left out. */
  readonly listeners: number;
  readonly hasJournal: boolean;
  readonly hasHttp: boolean;
  readonly hasJson: boolean;
  /** Connections that were asked for. */
  readonly maxConnections: number;
}

/** How many connections there may be. */
export interface FileBudget {
  readonly connections: number;
  readonly httpConnections: number;
  readonly jsonConnections: number;
}

/** The limit of open files leaves no place for any connection. */
export class OpenFilesError extends Error {
  override readonly name = "OpenFilesError";
  readonly code = "HM_OPEN_FILES";
}

/** HTTP connections that there may be at most. */
export const HTTP_CONNECTIONS_MAX = 256;
/** JSON connections that there may be at most. */
export const JSON_CONNECTIONS_MAX = 1000;
/**
 * Files of the process itself: standard streams, modules, the log, and the main thread's event
 * loop. A server on Node has 25 or so.
 */
const PROCESS_FILES = 64;
/**
 * Files of a thread's event loop, of which Node needs 8, a connection that is turned away, and the
 * journal's segment.
 */
const THREAD_FILES = 16;
/**
 * Files of the journal: the segment that is written, the one that follows, a spare, one that is
 * reclaimed, the hints, the directory, the lease; and as many again.
 */
const JOURNAL_FILES = 16;
/** What listens for HTTP or JSON, and a connection that is turned away. */
const PORT_FILES = 2;
/** Fewer connections than these are of no use. */
const CONNECTIONS_MIN = 16;
const PORT_CONNECTIONS_MIN = 8;
/** The part of what is left that HTTP may have at most, and JSON as well. */
const PORT_PART = 1 / 3;

/**
 * Shares out `openFiles`. Throws an OpenFilesError when they do not suffice for the fewest
 * connections.
 */
export function shareFiles(openFiles: number, needs: FileNeeds): FileBudget {
  const { threads, listeners, hasJournal, hasHttp, hasJson, maxConnections } = needs;
  const ports = Number(hasHttp) + Number(hasJson);
  const aside =
    PROCESS_FILES +
    threads * THREAD_FILES +
    listeners +
    (hasJournal ? JOURNAL_FILES : 0) +
    ports * PORT_FILES;
  const least = CONNECTIONS_MIN + ports * PORT_CONNECTIONS_MIN;
  const left = openFiles - aside;
  if (left < least) {
    const needed = `this server needs ${aside + least}`;
    throw new OpenFilesError(
      `the limit of open files is ${openFiles}, and ${needed}: raise it (ulimit -n), or ask for fewer --threads`,
    );
  }
  const part = Math.max(PORT_CONNECTIONS_MIN, Math.floor(left * PORT_PART));
  const httpConnections = hasHttp ? Math.min(HTTP_CONNECTIONS_MAX, part) : 0;
  const jsonConnections = hasJson ? Math.min(JSON_CONNECTIONS_MAX, part) : 0;
  const others = left - httpConnections - jsonConnections;
  return { connections: Math.min(maxConnections, others), httpConnections, jsonConnections };
}
