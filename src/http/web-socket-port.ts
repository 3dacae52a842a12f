/* WebSocket port: the WebSockets of the HTTP port: requests for /ws become connections of the
 * queue.
 *
 * Their sessions run on the main thread, because a socket stays with the thread that accepted it.
 * The request, which HTTP has read, is put back and read again as at a ws:// address
 * (transports/web-socket-door.ts), so that there is one handshake, and one answer to a wrong one.
 * By then it is known that its sender may do everything here, and that it named this server
 * (http-server.ts). Invariant: each counts as a connection of the queue, and no longer as one of
 * HTTP. Made by open-http.ts.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { InProcess } from "../broker/in-process.ts";
import type { Clock } from "../clock.ts";
import type { WebSocketOptions } from "../config/web-socket-options.ts";
import { bearerToken } from "../protocol/bearer.ts";
import type { Door } from "../runtime.ts";
import { atMost, OpenConnections } from "../transports/open-connections.ts";
import { webSocketDoor } from "../transports/web-socket-door.ts";
import { HttpError } from "./handler.ts";
import type { Route } from "./handler.ts";

/** Where they are opened. */
const PATH = "/ws";

/** What it works with. */
export interface WebSocketPortParts {
  readonly options: WebSocketOptions;
  readonly door: Door;
  /** Its timers do not keep the process alive. */
  readonly clock: Clock;
  readonly inProcess: InProcess;
}

/** Takes requests over. */
export class WebSocketPort {
  readonly #inProcess: InProcess;
  readonly #connections = new OpenConnections();
  /** For pages of this port, which somebody else has told from others. */
  readonly #ownPages: Door;
  readonly #others: Door;

  constructor({ options, door, clock, inProcess }: WebSocketPortParts) {
    this.#inProcess = inProcess;
    this.#ownPages = webSocketDoor(door, { ...options, wsOrigins: ["*"] }, clock);
    this.#others = webSocketDoor(door, options, clock);
  }

  /** What those hear who ask for something else there. */
  readonly route: Route = {
    method: "GET",
    path: PATH,
    needs: "nothing",
    handler: () => {
      const headers = { upgrade: "websocket" };
      throw new HttpError(426, "HM_HTTP_UPGRADE", "this address takes WebSockets only", headers);
    },
  };

  /** Whether a request is for a WebSocket here. */
  isWanted({ method, url = "", headers }: IncomingMessage): boolean {
    const [path] = url.split("?", 1);
    return method === "GET" && path === PATH && /\bwebsocket\b/i.test(headers.upgrade ?? "");
  }

  /**
   * Takes over the socket of such a request, with what came behind it. Throws an HttpError when
   * there are too many connections.
   */
  take(request: IncomingMessage, socket: Socket, rest: Uint8Array, isOwnPage: boolean): void {
    const door = isOwnPage ? this.#ownPages : this.#others;
    if (!door.admit()) {
      const headers = { "retry-after": "1" };
      throw new HttpError(503, "HM_HTTP_BUSY", "there are too many connections", headers);
    }
    socket.setTimeout(0);
    socket.unshift(Buffer.concat([headOf(request, (token) => door.knows(token) === true), rest]));
    this.#connections.acceptStream(socket, door);
  }

  /** Has replies leave that wait for the journal, and closes all. */
  async finish(withinMillis: number): Promise<void> {
    await atMost(withinMillis, this.#inProcess.repliesOut());
    await this.#connections.finish(withinMillis);
  }
}

/** A request's head as it came, but for the blanks, and for a token that is HTTP's alone. */
function headOf(
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  isOfQueue: (token: Uint8Array) => boolean,
): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const isOfHttp = (): boolean => !isOfQueue(Buffer.from(bearerToken(value) ?? ""));
    const isDropped = name.toLowerCase() === "authorization" && isOfHttp();
    if (!isDropped) lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
