/* `homemaker/client` where nothing is known of sockets: for a broker in this process only. */
import type { Client } from "../client/client.ts";
import { connectTo } from "../client/connect.ts";
import type { ClientOptions, Target } from "../client/connect.ts";
import { NotSupportedError } from "../client/errors.ts";
import type { Endpoint, Surroundings } from "../client/link.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";

export * from "../client/public.ts";

const AROUND: Surroundings = {
  clock: SYSTEM_CLOCK,
  random: Math.random,
  stay: () => undefined,
};

/** Connects to a broker in this process; to an address it rejects with a NotSupportedError. */
export function connect(
  target: Target | readonly Target[],
  options: ClientOptions = {},
): Promise<Client> {
  return connectTo(target, options, noEndpoint, AROUND);
}

function noEndpoint(address: string): Endpoint {
  throw new NotSupportedError(`this runtime cannot connect to ${address}`);
}
