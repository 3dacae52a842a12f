/* WhoIsThere: what is known of connections, for people: who they are, what they watch and hold.
 *
 * The sessions of each I/O thread are that thread's alone, so the main thread asks it by a message
 * (server/crew.ts), for a page at a time. What is said of a connection here is what the API says of
 * it (http/api.ts), so this file imports nothing.
 */

/** Most connections of one page. */
export const PAGE_MAX = 200;
/** Most tubes, and most jobs, that are named of one connection. */
export const NAMED_MAX = 20;

/** A job that a connection holds. */
interface Hold {
  readonly id: number;
  readonly tube: string;
  /** Of its time to run. */
  readonly leftSeconds: number;
}

/** One connection. */
export interface ConnectionFacts {
  /** Of its session, on its thread; given again when the session is gone. */
  readonly token: number;
  /** Address of the other side; "" when nobody can say. */
  readonly peer: string;
  /** What it calls itself; "" if it has not said. */
  readonly name: string;
  /** Where it says that it runs; "" if it has not said. */
  readonly host: string;
  /** The process that it says it is; null if it has not said. */
  readonly pid: number | null;
  /** The tube that its puts go to. */
  readonly uses: string;
  /** The first tubes that it watches. */
  readonly watches: readonly string[];
  /** How many tubes it watches. */
  readonly watchCount: number;
  /** Its window; 0 unless jobs are sent to it as they come. */
  readonly window: number;
  /** Whether it waits in a reserve. */
  readonly waiting: boolean;
  /** The first jobs that it holds. */
  readonly holds: readonly Hold[];
  /** How many jobs it holds. */
  readonly holdCount: number;
  readonly ageSeconds: number;
}

/** Which connections are asked for: all, or those that have reserved and have a name. */
export type WhichConnections = "all" | "named-workers";

/** A page of one thread's connections. */
export interface ConnectionPage {
  /** All connections of the thread that were asked for. */
  readonly total: number;
  readonly connections: readonly ConnectionFacts[];
}
