/* WebSocketWire: a WebSocket of the runtime's as the wire of a client's connection: on Node, Deno
 * and Bun, and in a browser.
 *
 * What is sent in one piece is a message, and what comes is one stream. A runtime's WebSocket says
 * how much it still has to send, but not when that has gone, so it is asked from time to time while
 * there is something. It cannot be half-closed either: an empty message stands for that
 * (protocol/half-close.ts). Used by the transports, and by the entry for where there are no
 * sockets.
 */
import { HALF_CLOSE_PROTOCOL } from "../protocol/half-close.ts";
import { quoted } from "../protocol/reply-line.ts";
import { ClientConnection } from "./connection.ts";
import type { ConnectionOptions } from "./connection.ts";
import { BadCommandError, NotSupportedError, UnreachableError } from "./errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { SYSTEM_CLOCK } from "./system-clock.ts";
import type { Wire, WireListener } from "./wire.ts";

/** The longest message that is sent: proxies on the way may take no longer ones. */
const MESSAGE_BYTES_MAX = 1_048_576;
/** How often it is asked whether everything has gone. */
const LOOK_MS = 4;
const NORMAL = 1000;
const GOING_AWAY = 1001;
const NOTHING = new Uint8Array(0);

/** Whether that address is a WebSocket's. */
export function isWebSocketUrl(address: string): boolean {
  return /^wss?:\/\//i.test(address);
}

/**
 * The URL, which errors may show. Throws a BadCommandError where it is none, or somebody stands
 * before its host: a WebSocket would not send that.
 */
export function checkedWebSocketUrl(url: string): string {
  if (/^wss?:\/\/[^/?#]*@/i.test(url)) {
    const why = "no token stands in the URL of a WebSocket: it is the option `token`";
    throw new BadCommandError(why);
  }
  if (!URL.canParse(url) || url.includes("#")) throw noWebSocketUrl(url);
  return url;
}

function noWebSocketUrl(url: string, cause?: unknown): BadCommandError {
  return new BadCommandError(`${quoted(url)} is no address of a WebSocket`, { cause });
}

/** Of a URL: `"ws://127.0.0.1:11302"`, `"wss://queue.example.org/ws"`. */
export function webSocketEndpoint(url: string): Endpoint {
  const name = checkedWebSocketUrl(url);
  return { name, open: (options, signal) => openWebSocket(url, options, signal) };
}

/**
 * Connects to a server. Rejects with an UnreachableError, with a BadCommandError where the URL is
 * none, with a NotSupportedError where the runtime has no WebSockets, and with the signal's reason.
 */
export async function openWebSocket(
  url: string,
  options: ConnectionOptions = {},
  signal?: AbortSignal,
): Promise<ClientConnection> {
  const socket = makeSocket(url);
  await opened(socket, signal);
  return new ClientConnection((listener) => new WebSocketWire(socket, listener), options);
}

function makeSocket(url: string): WebSocket {
  if (!("WebSocket" in globalThis)) {
    throw new NotSupportedError(`this runtime has no WebSocket to connect to ${url}`);
  }
  try {
    const socket = new WebSocket(url, HALF_CLOSE_PROTOCOL);
    socket.binaryType = "arraybuffer";
    return socket;
  } catch (cause) {
    throw noWebSocketUrl(url, cause);
  }
}

/** Resolves when it is open; otherwise it is gone. */
function opened(socket: WebSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.close();
      reject(signal?.reason);
    };
    const forget = (): void => signal?.removeEventListener("abort", abort);
    const fail = (why: string): void => {
      forget();
      socket.close();
      reject(new UnreachableError(why));
    };
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort, { once: true });
    let why = "nobody takes a WebSocket there";
    socket.addEventListener("error", (event) => (why = messageOf(event) ?? why));
    socket.addEventListener("close", () => fail(why));
    socket.addEventListener("open", () => {
      forget();
      if (socket.protocol === HALF_CLOSE_PROTOCOL) resolve();
      else fail(`what takes it does not know the protocol ${HALF_CLOSE_PROTOCOL}`);
    });
  });
}

/** What an event says went wrong; browsers say nothing. */
function messageOf(event: Event): string | undefined {
  const said: unknown = "message" in event ? event.message : undefined;
  return typeof said === "string" && said !== "" ? said : undefined;
}

/** One WebSocket. */
class WebSocketWire implements Wire {
  readonly #socket: WebSocket;
  readonly #listener: WireListener;
  #cause: Error | undefined;
  #isOver = false;
  #isLooking = false;

  /** @param socket open */
  constructor(socket: WebSocket, listener: WireListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("error", (event) => {
      this.#cause ??= new UnreachableError(messageOf(event) ?? "the WebSocket has failed");
    });
    socket.addEventListener("close", ({ code, reason }) => this.#closed(code, reason));
  }

  send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES_MAX) {
      this.#socket.send(bytes.subarray(at, at + MESSAGE_BYTES_MAX) as Uint8Array<ArrayBuffer>);
    }
    this.#look();
  }

  get backlogBytes(): number {
    if (this.#isOver || this.#socket.readyState !== WebSocket.OPEN) return Infinity;
    return this.#socket.bufferedAmount;
  }

  finish(): void {
    if (!this.#isOver) this.#socket.send(NOTHING);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.close(NORMAL);
    queueMicrotask(() => this.#listener.ended(this.#cause));
  }

  #receive(data: unknown): void {
    if (this.#isOver) return;
    if (data instanceof ArrayBuffer) this.#listener.received(new Uint8Array(data));
    else {
      this.#cause = new UnreachableError("the server has sent text");
      this.close();
    }
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const isClean = code === NORMAL || code === GOING_AWAY;
    if (!isClean) this.#cause ??= new UnreachableError(`closed with ${code} ${reason}`.trim());
    this.#listener.ended(this.#cause);
  }

  /** Says when everything has gone. */
  #look(): void {
    if (this.#isLooking || this.#isOver || this.#socket.bufferedAmount === 0) return;
    this.#isLooking = true;
    SYSTEM_CLOCK.after(LOOK_MS, () => {
      this.#isLooking = false;
      if (this.#isOver) return;
      if (this.#socket.bufferedAmount > 0) this.#look();
      else this.#listener.drained();
    });
  }
}
