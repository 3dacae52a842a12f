/* Dialer: attempts to have a connection: which address comes first in a round, how long an attempt
 * may take, and whether another round is of any use.
 *
 * Invariants: the address that was last good, or that led to it, is tried first, and one that said
 * nothing last; what a server names as the leader's and what is said there counts for neither. A
 * token that was refused is shown again, unless all who looked at it in the same round refused it:
 * servers do not hear of a new one at the same moment. Used by link.ts.
 */
import type { Clock } from "../clock.ts";
import { asError, UnreachableError } from "./errors.ts";
import type { Endpoint, Places } from "./endpoint.ts";
import { RefusedError } from "./refused-error.ts";
import { isRedirect, Round } from "./round.ts";

/** What it works with. */
export interface DialerParts {
  readonly places: Places;
  readonly clock: Clock;
  /** One attempt at one address, with its greeting. */
  readonly timeoutMs: number;
  /** Whether a token is shown. */
  readonly hasToken: () => boolean;
  /** Has a connection and makes it the one that is used. Rejects with why there is none. */
  readonly connect: (endpoint: Endpoint, signal: AbortSignal) => Promise<void>;
}

/** A round without a connection. */
export interface FailedRound {
  /** Why each address failed; undefined if none was tried. */
  readonly cause: Error | undefined;
  /** What was said to the token, where it is of no use to show it again. */
  readonly refusal: Error | undefined;
}

/** One client's. */
export class Dialer {
  readonly #parts: DialerParts;
  /** Which of the listed is tried first. */
  #preferred = 0;
  /** The one that was connected to last. */
  #connected: Endpoint | undefined;

  constructor(parts: DialerParts) {
    this.#parts = parts;
  }

  /** Tries each address once; undefined if there is a connection. */
  async round(signal: AbortSignal): Promise<FailedRound | undefined> {
    const { places, hasToken } = this.#parts;
    const round = new Round({
      listed: this.#inTurn(),
      placeOf: places.endpointOf,
      hasToken: hasToken(),
    });
    const token = new TokenVerdict();
    while (!signal.aborted) {
      const endpoint = round.next();
      if (endpoint === undefined) break;
      const error = await this.#try(endpoint, signal);
      if (error === undefined) {
        this.#connected = endpoint;
        this.#prefer(round.origin, 0);
        return undefined;
      }
      token.hear(error);
      round.failed(error);
    }
    return { cause: round.cause, refusal: token.refusal };
  }

  /** The server that was connected to last has said nothing for too long. */
  passOver(): void {
    this.#passOver(this.#connected);
  }

  /** What says nothing is tried last: to wait for it again would cost as much as it just did. */
  #passOver(silent: Endpoint | undefined): void {
    this.#prefer(silent, 1);
  }

  /** One that is not listed changes nothing: whoever named it is not to blame. */
  #prefer(endpoint: Endpoint | undefined, offset: number): void {
    const { listed } = this.#parts.places;
    const index = endpoint === undefined ? -1 : listed.indexOf(endpoint);
    if (index >= 0) this.#preferred = (index + offset) % listed.length;
  }

  #inTurn(): readonly Endpoint[] {
    const { listed } = this.#parts.places;
    return [...listed.slice(this.#preferred), ...listed.slice(0, this.#preferred)];
  }

  /** Why it came to nothing; undefined if there is a connection. */
  async #try(endpoint: Endpoint, closing: AbortSignal): Promise<Error | undefined> {
    const { clock, timeoutMs, connect } = this.#parts;
    const attempt = new AbortController();
    const end = (): void => attempt.abort(closing.reason);
    closing.addEventListener("abort", end, { once: true });
    const cancel = clock.after(timeoutMs, () => {
      this.#passOver(endpoint);
      attempt.abort(new UnreachableError(`there was no connection after ${timeoutMs} ms`));
    });
    try {
      await connect(endpoint, attempt.signal);
      return undefined;
    } catch (error) {
      return asError(error);
    } finally {
      cancel();
      closing.removeEventListener("abort", end);
    }
  }
}

/** What the servers of one round say to the token. */
class TokenVerdict {
  #refusal: Error | undefined;
  /** One of them said something else. */
  #isDoubtful = false;

  /** Of an attempt that failed. A server that stands by does not look at tokens. */
  hear(error: Error): void {
    if (!(error instanceof RefusedError) || isRedirect(error)) return;
    if (error.command === "auth" && error.code === "HM_DENIED") this.#refusal = error;
    else this.#isDoubtful = true;
  }

  /** Undefined unless all refuse it. */
  get refusal(): Error | undefined {
    return this.#isDoubtful ? undefined : this.#refusal;
  }
}
