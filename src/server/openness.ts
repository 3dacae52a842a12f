/* Openness: what it means where a server listens: whether strangers can reach it who are asked for
 * nothing. Used by server.ts.
 */
import { formatListenAddress } from "../config/listen-address.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import type { Options } from "../config/options.ts";
import { isLocal } from "../config/tcp-address.ts";

/** A line for the operator of a server that can be reached from elsewhere; undefined otherwise. */
export function openness(
  addresses: readonly BoundAddress[],
  { tokenFile, tlsClientCa }: Pick<Options, "tokenFile" | "tlsClientCa">,
): string | undefined {
  if (tokenFile !== undefined) return undefined;
  const open = addresses.filter((address) => {
    if (isLocal(address)) return false;
    return tlsClientCa === undefined || (address.kind !== "tls" && address.kind !== "wss");
  });
  if (open.length === 0) return undefined;
  const where = open.map(formatListenAddress).join(", ");
  return `whoever reaches ${where} may put, take, see and delete every job: --tokens says who may what`;
}
