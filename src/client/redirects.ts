/* Redirects: where a round of attempts to connect is sent by servers that do not lead, each of
 * which may say who does.
 *
 * Invariants: no address is gone to twice in a round because of what a server said, so that two of
 * them that name each other cost two attempts; nor more than HOPS_MAX. Who connects by TLS is not
 * sent anywhere else than by TLS: a token would go there in the clear. Used by link.ts.
 */
import type { Endpoint } from "./endpoint.ts";
import { RefusedError } from "./refused-error.ts";

/** So often at most it is gone elsewhere, in one round. */
const HOPS_MAX = 3;
const ENCRYPTED = /^(tls|wss):/i;

/** The redirects of one round. */
export class Redirects {
  readonly #endpointOf: (address: string) => Endpoint;
  /** Those that sent elsewhere, and those that were gone to. */
  readonly #seen = new Set<string>();
  #hops = 0;

  /** `endpointOf` throws where an address cannot be connected to. */
  constructor(endpointOf: (address: string) => Endpoint) {
    this.#endpointOf = endpointOf;
  }

  /** Whether it has had its turn in this round. */
  has({ name }: Endpoint): boolean {
    return this.#seen.has(name);
  }

  /** Where the error of an attempt says that the leader is; undefined where there is no going. */
  next(from: Endpoint, error: Error): Endpoint | undefined {
    const address = leaderIn(error);
    if (address === undefined || this.#hops === HOPS_MAX) return undefined;
    this.#seen.add(from.name);
    const to = this.#find(address);
    if (to === undefined || this.has(to)) return undefined;
    if (ENCRYPTED.test(from.name) && !ENCRYPTED.test(to.name)) return undefined;
    this.#hops++;
    this.#seen.add(to.name);
    return to;
  }

  #find(address: string): Endpoint | undefined {
    try {
      return this.#endpointOf(address);
    } catch {
      return undefined; // this runtime has no such connections; the error of the attempt names it
    }
  }
}

/** The address behind NOT_LEADER; undefined of any other error, and where there is none. */
function leaderIn(error: Error): string | undefined {
  const isRedirect = error instanceof RefusedError && error.code === "HM_NOT_LEADER";
  return isRedirect ? error.reply.split(" ")[1] : undefined;
}
