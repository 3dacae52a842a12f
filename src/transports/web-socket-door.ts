/* WebSocket door: a door for connections that become WebSockets, in front of the door for sessions.
 *
 * Whoever does not greet in time, or does not answer our Close in time, is cut off; whoever is open
 * and silent is asked whether he is there. One such door stands at each listening socket of each
 * thread. Used by web-socket.ts.
 */
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import type { Clock } from "../clock.ts";
import type { WebSocketOptions } from "../config/web-socket-options.ts";
import type { Door } from "../runtime.ts";
import { FrameWriter } from "./frame-writer.ts";
import { Rounds } from "./rounds.ts";
import { WebSocketConnection } from "./web-socket-connection.ts";
import type { WebSocketParts } from "./web-socket-connection.ts";

/** How long a handshake may take, and the answer to a Close. */
const MANNERS_MS = 10_000;

/** The door that WebSockets come through; their sessions are those of `door`. */
export function webSocketDoor(
  door: Door,
  options: WebSocketOptions,
  clock: Clock = SYSTEM_CLOCK,
): Door {
  const { wsOrigins, wsMessageBytes, wsIdleMillis } = options;
  const strangers = new Rounds<WebSocketConnection>(clock, MANNERS_MS, (one) => one.giveUp());
  const guests = new Rounds<WebSocketConnection>(clock, wsIdleMillis, (one) => one.lookAfter());
  const parts: WebSocketParts = {
    origins: wsOrigins,
    messageBytesMax: wsMessageBytes,
    writer: new FrameWriter(),
    open: (outlet, token) => door.open(outlet, token),
    knows: (token) => door.knows(token),
    moved(connection) {
      strangers.delete(connection);
      guests.delete(connection);
      if (connection.state === "open") guests.add(connection);
      if (connection.state === "closing") strangers.add(connection);
    },
  };
  return {
    admit: () => door.admit(),
    left: () => door.left(),
    knows: (token) => door.knows(token),
    troubled: (message) => door.troubled(message),
    open(outlet) {
      const connection = new WebSocketConnection(outlet, parts);
      strangers.add(connection);
      return connection;
    },
  };
}
