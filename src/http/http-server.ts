/* HttpServer: the HTTP port: it listens, looks requests over, finds their route, and writes what
 * the route answers.
 *
 * It runs on the main thread, beside no I/O thread's event loop. Invariants: a request that fails a
 * check reaches no handler; connections, requests under way, headers, bodies and their times are
 * bounded, so a stranger can at most make it refuse others; health is answered however many
 * requests are under way. An error that nobody expected is a 500 with one line in the log. Made by
 * open-http.ts for a server, and by worker-port.ts for the workers of `homemaker work`.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { formatListenAddress } from "../config/listen-address.ts";
import type { Options } from "../config/options.ts";
import { isLoopback } from "../config/tcp-address.ts";
import type { BoundTcp } from "../config/tcp-address.ts";
import type { Log } from "../log.ts";
import { BindError } from "../runtime.ts";
import type { HttpService } from "../server/http-service.ts";
import type { TokenBook } from "../session/token-book.ts";
import { listenOnHanded, whereListens } from "../transports/handed-socket.ts";
import { listenAlone, lookUpHost } from "../transports/tcp.ts";
import { Access, unauthorized } from "./access.ts";
import type { Caller } from "./access.ts";
import { readJson } from "./body.ts";
import { Guard } from "./guard.ts";
import { Exchange, turnAway } from "./exchange.ts";
import { HttpError } from "./handler.ts";
import type { Answer, Call, Peer, Route } from "./handler.ts";
import { checkRights } from "./rights.ts";
import type { Whereabouts } from "./rights.ts";
import { Router } from "./router.ts";
import type { WebSocketPort } from "./web-socket-port.ts";

/** Requests that are answered at a time, streams left out. */
const UNDER_WAY_MAX = 64;
const HEADER_BYTES_MAX = 16_384;
const URL_CHARACTERS_MAX = 4096;
/** How long headers may take. */
const HEADERS_MS = 10_000;
/** How long a whole request may take. */
const REQUEST_MS = 20_000;
/** How long a connection may stay between two requests. */
const IDLE_MS = 15_000;
/** How often connections are looked at for that. */
const LOOK_MS = 1000;
/** How long answers get to leave when the server stops. */
const STOP_MS = 500;

/** What is said of the port by those who start it. */
export type HttpOptions = Pick<
  Options,
  "httpPort" | "httpListen" | "httpHosts" | "httpToken" | "httpReadToken"
>;

/** What it is made of. */
export interface HttpParts {
  readonly options: HttpOptions;
  readonly log: Log;
  /** The tokens of the queue, and where its jobs are; absent where it has none. */
  readonly tokens?: { readonly book: TokenBook; readonly whereabouts: Whereabouts } | undefined;
  /** Most connections; one above it is closed at once. */
  readonly connectionsMax: number;
  /** The number of a socket that listens already; absent: the options say where to listen. */
  readonly fd?: number | undefined;
  /** Takes requests for WebSockets; absent if there are none to be had. */
  readonly webSockets?: WebSocketPort;
  /** Asked once, when it listens. */
  routes(access: Access): Promise<readonly Route[]>;
  /** Why a route that needs something is not answered now; undefined when it is. */
  notNow(route: Pick<Route, "isOfStandby">): HttpError | undefined;
}

/** Serves HTTP. */
export class HttpServer implements HttpService {
  readonly #parts: HttpParts;
  readonly #guard: Guard;
  readonly #server: Server;
  readonly #ending = new AbortController();
  #router = new Router([]);
  readonly #access: Access;
  readonly #sockets = new Set<Socket>();
  #underWay = 0;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    const { httpListen, httpHosts, httpToken, httpReadToken, httpPort } = parts.options;
    this.#guard = new Guard([httpListen, ...httpHosts]);
    const own = { admin: httpToken, read: httpReadToken };
    this.#access = new Access(own, httpPort, undefined, parts.tokens?.book);
    this.#server = createServer(
      {
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: IDLE_MS,
        connectionsCheckingInterval: LOOK_MS,
        requireHostHeader: false, // the guard says it, as it says everything
        // Else whoever only offers to go on in HTTP/2 would get no answer.
        shouldUpgradeCallback: (request) => parts.webSockets?.isWanted(request) === true,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on("connection", (socket) => this.#admit(socket));
    const { webSockets } = parts;
    if (webSockets !== undefined) {
      this.#server.on("upgrade", (...asked) => void this.#upgrade(webSockets, ...asked));
    }
    this.#server.on("clientError", (error, socket) => turnAway(socket, garbled(error)));
    this.#server.on("checkExpectation", (request, response) => {
      const wrong = new HttpError(417, "HM_HTTP_EXPECTATION", "only 100-continue can be expected");
      new Exchange(request, response, this.#ending.signal).refuse(wrong);
    });
  }

  async listen(): Promise<string> {
    const { httpListen, httpPort } = this.#parts.options;
    const { fd } = this.#parts;
    const wanted = { kind: "tcp", host: httpListen, port: httpPort ?? 0 } as const;
    const found = fd === undefined ? await lookUpHost(wanted) : await whereListens(fd);
    if (found.kind === "unix") {
      throw new BindError(`unix:${found.path}, which was handed over as http, is no socket of TCP`);
    }
    const { host } = found;
    if (!this.#access.needsToken && !isLoopback(host)) {
      const where = fd === undefined ? `${formatListenAddress(wanted)} is ${host}` : host;
      throw new BindError(`${where}, which can be reached from elsewhere: set --http-token`);
    }
    this.#router = new Router(await this.#parts.routes(this.#access));
    return formatListenAddress({ kind: "tcp", host, port: await this.#bind(found) });
  }

  /** Resolves with the port. */
  async #bind(place: BoundTcp): Promise<number> {
    const { fd } = this.#parts;
    if (fd !== undefined) await listenOnHanded(this.#server, fd, place);
    const port = fd === undefined ? await listenAlone(this.#server, place) : place.port;
    this.#server.on("error", (error) => {
      this.#parts.log.write("warn", "the HTTP port has trouble", { why: error.message });
    });
    if (this.#ending.signal.aborted) this.#server.close(); // told to stop meanwhile
    return port;
  }

  async stop(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    if (!this.#server.listening) return;
    const cut = setTimeout(() => this.#server.closeAllConnections(), STOP_MS);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
    await Promise.all([closed, this.#parts.webSockets?.finish(STOP_MS)]);
    clearTimeout(cut);
  }

  #admit(socket: Socket): void {
    if (this.#sockets.size >= this.#parts.connectionsMax) {
      socket.destroy(); // at once: its requests would be read
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** Never rejects. */
  async #upgrade(
    webSockets: WebSocketPort,
    request: IncomingMessage,
    stream: Duplex,
    rest: Uint8Array,
  ): Promise<void> {
    const { socket } = request;
    const gone = new AbortController();
    stream.on("error", () => stream.destroy());
    stream.once("close", () => gone.abort());
    try {
      await this.#checkUpgrade(webSockets, request, gone.signal);
      if (gone.signal.aborted) return;
      webSockets.take(request, socket, rest, this.#guard.isOwnPage(request));
      this.#sockets.delete(socket);
    } catch (error) {
      turnAway(stream, error instanceof HttpError ? error : this.#unexpected(error));
    }
  }

  /** Rejects with an HttpError unless a request may become a WebSocket. */
  async #checkUpgrade(
    webSockets: WebSocketPort,
    request: IncomingMessage,
    gone: AbortSignal,
  ): Promise<void> {
    this.#guard.checkHost(request);
    if (!webSockets.isWanted(request)) {
      // before Node 24.9 all come here that offer something
      throw new HttpError(400, "HM_HTTP_UPGRADE", "there are WebSockets at /ws, and nothing else");
    }
    const signal = AbortSignal.any([gone, this.#ending.signal]);
    const { remoteAddress: address = "" } = request.socket;
    // Where the queue has tokens, what a session may do is what they say.
    const needs = this.#parts.tokens === undefined ? "admin" : "read";
    await this.#callerFor({ needs }, request, { address, connection: request.socket, signal });
    const trouble = this.#parts.notNow({});
    if (trouble !== undefined) throw trouble;
  }

  /** Never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = new Exchange(request, response, this.#ending.signal);
    try {
      await exchange.write(await this.#answer(request, exchange));
    } catch (error) {
      exchange.refuse(error instanceof HttpError ? error : this.#unexpected(error));
    }
  }

  #unexpected(error: unknown): HttpError {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.log.write("error", "an HTTP request failed", { why });
    return new HttpError(
      500,
      "HM_HTTP_INTERNAL",
      "something is wrong with the server; its log has more",
    );
  }

  /**
   * The checks in this order: is it for us, is there such a page, may a page of that site ask, may
   * that caller, what does it say, and may that caller still: a body takes as long as it likes.
   */
  async #answer(request: IncomingMessage, exchange: Exchange): Promise<Answer> {
    const { method = "", url = "" } = request;
    this.#guard.checkHost(request);
    if (url.length > URL_CHARACTERS_MAX) {
      throw new HttpError(
        414,
        "HM_HTTP_LONG",
        `an address has at most ${URL_CHARACTERS_MAX} characters`,
      );
    }
    const [path, query] = splitAt(url, "?");
    const { route, params } = this.#router.find(method, path);
    if (route.method === "POST") this.#guard.checkChange(request);
    else if (route.needs !== "nothing") this.#guard.checkSite(request);
    const { signal } = exchange;
    const address = request.socket.remoteAddress ?? "";
    const peer = { address, connection: request.socket, signal };
    const caller = await this.#callerFor(route, request, peer);
    const trouble = route.needs === "nothing" ? undefined : this.#parts.notNow(route);
    if (trouble !== undefined) throw trouble;
    this.#checkRights(route, params, caller);
    const header = (name: string): string | undefined => headerOf(request, name);
    const call = { params, query: new URLSearchParams(query), peer, header, signal };
    const run = async (): Promise<Answer> => {
      if (route.method !== "POST") return route.handler({ ...call, ...told(caller) });
      const body = await readJson(request);
      const now = caller && this.#access.callerNow(caller);
      this.#checkRole(route, now);
      this.#checkRights(route, params, now);
      return route.handler({ ...call, ...told(now), body });
    };
    // Made of what is at hand, so it counts for nothing: nor can strangers who log in, or try to,
    // keep those out who may.
    if (route.needs === "nothing") return run();
    if (this.#underWay >= UNDER_WAY_MAX) throw tooMany();
    this.#underWay++;
    try {
      return await run();
    } finally {
      this.#underWay--;
    }
  }

  async #callerFor(
    { needs }: Pick<Route, "needs">,
    request: IncomingMessage,
    peer: Peer,
  ): Promise<Caller | null> {
    const { authorization, cookie } = request.headers;
    const caller = await this.#access.callerOf(authorization, cookie, peer);
    this.#checkRole({ needs }, caller);
    return caller;
  }

  #checkRole({ needs }: Pick<Route, "needs">, caller: Caller | null): void {
    if (needs === "nothing") return;
    if (caller === null) throw unauthorized("a token is needed");
    if (needs === "admin" && caller.role !== "admin") {
      throw new HttpError(403, "HM_HTTP_ROLE", "this token may look only");
    }
  }

  #checkRights(
    route: Route,
    params: Readonly<Record<string, string>>,
    caller: Caller | null,
  ): void {
    const { tokens } = this.#parts;
    if (route.needs === "nothing" || caller?.grant === undefined || tokens === undefined) return;
    checkRights(route, params, caller.grant, tokens.whereabouts);
  }
}

/** What is wrong with what is not even HTTP, or did not come in time. */
function garbled({ code }: NodeJS.ErrnoException): HttpError {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new HttpError(431, "HM_HTTP_LARGE", `headers have at most ${HEADER_BYTES_MAX} bytes`);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new HttpError(408, "HM_HTTP_SLOW", "the request took too long");
  }
  return new HttpError(400, "HM_HTTP_GARBLED", "this is not an HTTP request");
}

function tooMany(): HttpError {
  const headers = { "retry-after": "1" };
  return new HttpError(503, "HM_HTTP_BUSY", "too many requests at a time", headers);
}

/** What a handler is told of a caller who sent no body. */
function told(caller: Caller | null): Pick<Call, "role" | "grant" | "body"> {
  return { role: caller?.role ?? null, grant: caller?.grant, body: undefined };
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
