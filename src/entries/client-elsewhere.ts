/* `homemaker/client` where nothing is known of sockets, as in a browser: for WebSockets, and for a
 * broker in this process.
 */
import type { Client } from "../client/client.ts";
import { connectTo } from "../client/connect.ts";
import type { ClientOptions, Target } from "../client/connect.ts";
import { NotSupportedError } from "../client/errors.ts";
import type { Endpoint, Surroundings } from "../client/link.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import { isWebSocketUrl, webSocketEndpoint } from "../client/web-socket-wire.ts";

export * from "../client/public.ts";

const AROUND: Surroundings = {
  clock: SYSTEM_CLOCK,
  random: Math.random,
  stay: () => undefined,
};

/**
 * Connects to a server by a WebSocket (`"ws://127.0.0.1:11302"`), at the first of several that
 * answers, or to a broker in this process; to another address it rejects with a NotSupportedError.
 */
export function connect(
  target: Target | readonly Target[],
  options: ClientOptions = {},
): Promise<Client> {
  return connectTo(target, options, endpointOf, AROUND);
}

function endpointOf(address: string): Endpoint {
  if (isWebSocketUrl(address)) return webSocketEndpoint(address);
  throw new NotSupportedError(`this runtime cannot connect to ${address}`);
}
