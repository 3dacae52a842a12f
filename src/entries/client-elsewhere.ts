/* `homemaker/client` where nothing is known of sockets, as in a browser: for WebSockets, and for a
 * broker in this process.
 */
import { PAGE } from "../browser/page-surroundings.ts";
import type { Client } from "../client/client.ts";
import { connectTo } from "../client/connect.ts";
import type { ClientOptions, Target } from "../client/connect.ts";

export * from "../client/public.ts";

/**
 * Connects to a server by a WebSocket (`"ws://127.0.0.1:11302"`), at the first of several that
 * answers, or to a broker in this process; to another address it rejects with a NotSupportedError.
 */
export function connect(
  target: Target | readonly Target[],
  options: ClientOptions = {},
): Promise<Client> {
  return connectTo(target, options, PAGE.endpointOf, PAGE.around);
}
