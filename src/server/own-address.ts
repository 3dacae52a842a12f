/* Own address: where clients reach this server, as others are told of it who ask another one. Used
 * by server.ts.
 */
import { formatListenAddress } from "../config/listen-address.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import { isWildcard } from "../config/tcp-address.ts";

/**
 * The first of the addresses that it listens on; the name of the host stands for a wildcard.
 * `hostname` alone where there is none.
 */
export function ownAddress(addresses: readonly BoundAddress[], hostname: string): string {
  const [first] = addresses;
  if (first === undefined) return hostname;
  const isAnywhere = isWildcard(first, "0.0.0.0") || isWildcard(first, "::");
  const reached = isAnywhere && "host" in first ? { ...first, host: hostname } : first;
  return formatListenAddress(reached);
}
