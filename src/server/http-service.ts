/*
 * HttpService: the seam between the server's life and what serves HTTP beside the queue.
 * Implemented in src/http/, called by server.ts.
 */
import type { Clock } from "../clock.ts";
import type { OutboxFigures } from "./outbox.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import type { Options } from "../config/options.ts";
import type { Log } from "../log.ts";
import type { Common } from "../engine/common.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { Leadership } from "../broker/leadership.ts";
import type { TokenBook } from "../session/token-book.ts";
import type { Door } from "../runtime.ts";
import type { ConnectionPage, WhichConnections } from "../session/who-is-there.ts";

/** What serves HTTP. */
export interface HttpService {
  /** Listens. Resolves with where that is, HOST:PORT. Rejects with a BindError. */
  listen(): Promise<string>;
  /** Takes no more requests and ends those that are under way. Resolves when all is closed. */
  stop(): Promise<void>;
}

/** What it works with. */
export interface HttpSurroundings {
  readonly options: Options;
  /** Where clients of the queue are taken, with the ports that were found. */
  readonly addresses: readonly BoundAddress[];
  readonly log: Log;
  readonly common: Common;
  /** Its commands run once the journal has been recovered. */
  readonly inProcess: InProcess;
  /** Who leads; absent where no copy of the journal is kept. */
  readonly leadership?: Leadership | undefined;
  /** The tokens of the queue; absent if it asks for none. */
  readonly tokens?: TokenBook | undefined;
  /** For connections of the queue that come by HTTP's port. */
  readonly door: Door;
  /** The broker's. */
  readonly clock: Clock;
  /** Asks a thread for a page of its connections, by its seat. */
  readonly connectionsOf: (
    seat: number,
    offset: number,
    limit: number,
    which: WhichConnections,
  ) => Promise<ConnectionPage>;
  /** Connections that there are files for. */
  readonly connectionsMax: number;
  /** What the outbox's reader counts; undefined where there is none, or none yet. */
  readonly outbox?: () => OutboxFigures | undefined;
}

/** Makes it. */
export type OpenHttp = (around: HttpSurroundings) => Promise<HttpService>;
