/* Page surroundings: what a client needs where nothing is known of sockets, as in a browser: a
 * server is reached by a WebSocket there. Used by src/entries/ and page-queue.ts.
 */
import { NotSupportedError } from "../client/errors.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { Surroundings } from "../client/link.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import { isWebSocketUrl, webSocketEndpoint } from "../client/web-socket-wire.ts";

const AROUND: Surroundings = {
  clock: SYSTEM_CLOCK,
  random: Math.random,
  stay: () => undefined,
};

/** Where an address leads. Throws a NotSupportedError of what is no WebSocket's. */
function endpointOf(address: string): Endpoint {
  if (isWebSocketUrl(address)) return webSocketEndpoint(address);
  throw new NotSupportedError(`this runtime cannot connect to ${address}`);
}

/** What clients have around them. */
export const PAGE = { around: AROUND, endpointOf };
