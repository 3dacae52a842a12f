/* Guessing: makes whoever tries one wrong token after the other slow, and nobody else.
 *
 * Invariants: no token is refused for what others did. A network that gave FREE_GUESSES different
 * wrong tokens within WINDOW_MS has its tokens looked at one every TURN_MS, in the order in which
 * they came. Right tokens wait as well: otherwise a late answer would tell that a token is wrong.
 * Who goes away while waiting learns nothing and gives the turn back. A connection waits once, so
 * that as many wait as are connected. Used by access.ts.
 */
import { HttpError } from "./handler.ts";
import type { Peer } from "./handler.ts";

/** Wrong tokens that a network may give within WINDOW_MS before it waits. */
const FREE_GUESSES = 10;
const WINDOW_MS = 60_000;
const TURN_MS = 100;
/** Networks whose wrong tokens are counted apart; all others count, and wait, as one. */
const NETWORKS_MAX = 1000;
const OTHER_NETWORKS = "";

/** Which networks guess. */
export class Guessing {
  readonly #nowMillis: () => number;
  /**
   * By network, digests of wrong tokens: the same one again is a mistake in somebody's settings.
   */
  readonly #guesses = new Map<string, Set<string>>();
  #windowEndsAt = 0;
  /**
   * Those who wait, by network, each as the function that lets it go on. An empty line means that
   * the time of the next turn has not come.
   */
  readonly #lines = new Map<string, Set<() => void>>();
  /** Connections of which a token waits. */
  readonly #waiting = new WeakSet<object>();

  /** `nowMillis` is a clock in milliseconds. */
  constructor(nowMillis: () => number) {
    this.#nowMillis = nowMillis;
  }

  /**
   * Returns undefined when a token of this peer may be looked at now. Otherwise returns a promise
   * that resolves when it may, and rejects with an HttpError when the peer goes away. Throws an
   * HttpError when its connection waits already.
   */
  turn({ address, connection, signal }: Peer): Promise<void> | undefined {
    this.#forget();
    const network = this.#nameOf(address);
    if ((this.#guesses.get(network)?.size ?? 0) < FREE_GUESSES) return undefined;
    if (this.#waiting.has(connection)) {
      throw new HttpError(429, "HM_HTTP_TOO_MANY", "a token of this connection waits already");
    }
    const line = this.#lines.get(network);
    if (line === undefined) {
      this.#lines.set(network, new Set());
      this.#timeNextTurn(network);
      return undefined;
    }
    this.#waiting.add(connection);
    return waitIn(line, signal).finally(() => void this.#waiting.delete(connection));
  }

  /** A token of this address was wrong. */
  count(address: string, digest: Buffer): void {
    this.#forget();
    const network = this.#nameOf(address);
    const guesses = this.#guesses.get(network) ?? new Set();
    if (guesses.size < FREE_GUESSES) guesses.add(digest.toString("hex"));
    this.#guesses.set(network, guesses);
  }

  #timeNextTurn(network: string): void {
    const nextTurn = (): void => {
      const line = this.#lines.get(network);
      const [first] = line ?? [];
      if (first === undefined) {
        this.#lines.delete(network);
        return;
      }
      this.#timeNextTurn(network);
      first();
    };
    setTimeout(nextTurn, TURN_MS).unref();
  }

  #nameOf(address: string): string {
    const network = networkOf(address);
    const isApart = this.#guesses.has(network) || this.#guesses.size < NETWORKS_MAX;
    return isApart ? network : OTHER_NETWORKS;
  }

  #forget(): void {
    if (this.#nowMillis() < this.#windowEndsAt) return;
    this.#guesses.clear();
    this.#windowEndsAt = this.#nowMillis() + WINDOW_MS;
  }
}

/** Resolves at the head of the line; rejects with an HttpError when `signal` is aborted before. */
function waitIn(line: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const goOn = (): void => {
    line.delete(goOn);
    signal.removeEventListener("abort", leave);
    resolve();
  };
  const leave = (): void => {
    line.delete(goOn);
    reject(new HttpError(503, "HM_HTTP_GONE", "nobody waits for this answer any more"));
  };
  line.add(goOn);
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  return promise;
}

/**
 * The network of an address: of IPv4 the whole address; of IPv6 its first four parts, since whoever
 * has one such address has billions.
 */
function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [front = "", back = ""] = address.split("::");
  const given = [front, back].map((half) => half.split(":").filter((part) => part !== ""));
  const zeros = Array.from({ length: 8 - given.flat().length }, () => "0");
  return [...(given[0] ?? []), ...zeros, ...(given[1] ?? [])].slice(0, 4).join(":");
}
