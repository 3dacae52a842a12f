/* `homemaker/client` on Node, Deno and Bun. */
import type { Client } from "../client/client.ts";
import { connectTo } from "../client/connect.ts";
import type { ClientOptions, Target } from "../client/connect.ts";
import { clientSurroundings } from "../runtimes/client-surroundings.ts";
import { refuseOldNode } from "../runtimes/needed-node.ts";
import { socketEndpoint } from "../transports/socket-endpoint.ts";

export * from "../client/public.ts";

refuseOldNode();

/**
 * Connects to a server: at an address (`"127.0.0.1:11300"`, `"[::1]"`, `"unix:/run/hm.sock"`,
 * `"ws://127.0.0.1:11302"`), at the first of several that answers, or in this process. Rejects with
 * an UnreachableError.
 */
export function connect(
  target: Target | readonly Target[],
  options: ClientOptions = {},
): Promise<Client> {
  return connectTo(target, options, socketEndpoint, clientSurroundings());
}
