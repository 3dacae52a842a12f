/* Handler: what a route of the HTTP port does: it gets a call, and gives an answer or throws an
 * HttpError.
 *
 * By the time that a handler runs, the call has been checked (guard.ts) and its caller is known
 * (access.ts). A handler writes nothing by itself, except into a stream. Declared in routes.ts,
 * called by http-server.ts.
 */
import type { ServerResponse } from "node:http";
import type { Grant } from "../protocol/rights.ts";
import type { Role } from "./api.ts";

/** The other side of a request, before anybody knows who it is. */
export interface Peer {
  readonly address: string;
  /** The same object for all requests of a connection. */
  readonly connection: object;
  /** Aborted when the other side goes away, or the server stops. */
  readonly signal: AbortSignal;
}

/** One request. */
export interface Call {
  /** What stood in the place of the `:names` of the route's path, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON of a POST; undefined otherwise. */
  readonly body: unknown;
  readonly role: Role | null;
  /** In which tubes the caller may what; absent: in all what the role says. */
  readonly grant?: Grant | undefined;
  readonly peer: Peer;
  /** The header of that name, in lower case. */
  header(name: string): string | undefined;
  /** That of the peer. */
  readonly signal: AbortSignal;
}

/** Headers beside those that every answer has. */
export type Headers = Readonly<Record<string, string>>;

/** What comes back. */
export type Answer =
  | { readonly json: unknown; readonly status?: number; readonly headers?: Headers }
  | {
      readonly bytes: Uint8Array | string;
      readonly type: string;
      readonly status?: number;
      readonly headers?: Headers;
    }
  /** `stream` writes the body, and resolves or rejects when it is over. */
  | {
      readonly stream: (response: ServerResponse, signal: AbortSignal) => Promise<void>;
      readonly type: string;
      readonly headers?: Headers;
    };

/** What a route does. */
export type HttpHandler = (call: Call) => Answer | Promise<Answer>;

/** One route. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Begins with a slash; a part that begins with a colon takes anything but a slash and "". */
  readonly path: string;
  /**
   * Who may. Without a token configured everybody is an admin. A route that needs something runs
   * only while commands do.
   */
  readonly needs: Role | "nothing";
  /**
   * What it is about, for callers with rights in some tubes only: the tube that the path names, the
   * job that it does, or tubes that the handler chooses among; absent: the whole server.
   */
  readonly about?: "tube" | "job" | "chosen";
  /** It runs on a server that stands by, too. */
  readonly isOfStandby?: true;
  readonly handler: HttpHandler;
}

/**
 * An answer that is not 2xx. The message is for people and never holds what a client of the queue
 * wrote.
 */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly code: string;
  readonly headers: Headers;

  constructor(status: number, code: string, message: string, headers: Headers = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
