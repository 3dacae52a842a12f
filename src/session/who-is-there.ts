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
  /** The tube that its puts go to. */
  readonly uses: string;
  /** The first tubes that it watches. */
  readonly watches: readonly string[];
  /** How many tubes it watches. */
  readonly watchCount: number;
  /** Whether it waits in a reserve. */
  readonly waiting: boolean;
  /** The first jobs that it holds. */
  readonly holds: readonly Hold[];
  /** How many jobs it holds. */
  readonly holdCount: number;
  readonly ageSeconds: number;
}

/** A page of one thread's connections. */
export interface ConnectionPage {
  /** All connections of the thread. */
  readonly total: number;
  readonly connections: readonly ConnectionFacts[];
}
