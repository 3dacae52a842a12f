/* WebSocket options: what can be set about the addresses that take WebSockets. A part of OPTIONS
 * (options.ts).
 */
import type { Option } from "./option.ts";
import { durationOrNever, GIB, KIB, pageOrigins, size } from "./option-values.ts";

/** The part of Options that is about them. */
export interface WebSocketOptions {
  /**
   * Origins whose pages may connect, in lower case; "*" stands for all. What is no page sends no
   * origin, and may.
   */
  readonly wsOrigins: readonly string[];
  /** Longest message, in bytes. */
  readonly wsMessageBytes: number;
  /** Milliseconds of silence before a peer is asked whether it is there; Infinity is never. */
  readonly wsIdleMillis: number;
}

/** Those of all options. */
export function webSocketOptionsOf(options: WebSocketOptions): WebSocketOptions {
  const { wsOrigins, wsMessageBytes, wsIdleMillis } = options;
  return { wsOrigins, wsMessageBytes, wsIdleMillis };
}

/** As declared. */
export const WEB_SOCKET_OPTIONS: {
  readonly [Key in keyof WebSocketOptions]: Option<WebSocketOptions[Key]>;
} = {
  wsOrigins: {
    name: "ws-origin",
    category: "WebSocket",
    placeholder: "ORIGIN",
    help: "an origin whose pages may connect, or * for all; may be repeated",
    default: [],
    defaultText: "no page; programs that are no browsers may",
    list: true,
    ...pageOrigins,
  },
  wsMessageBytes: {
    name: "ws-max-message",
    category: "WebSocket",
    placeholder: "SIZE",
    help: "longest message; nothing of it is kept, so it takes no memory",
    default: 2 * GIB,
    ...size(KIB, 256 * GIB, "a size from 1KiB to 256GiB"),
  },
  wsIdleMillis: {
    name: "ws-idle",
    category: "WebSocket",
    placeholder: "DURATION",
    help: "a peer that says nothing for so long is pinged, and closed after as long again; or never",
    default: 60_000,
    ...durationOrNever(1000, 86_400_000, "a duration from 1s to 1d"),
  },
};
