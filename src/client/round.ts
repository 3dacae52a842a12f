/* Round: one round of attempts to connect: each place that was listed has its turn, and behind one
 * that does not lead comes the one that it names as the leader's.
 *
 *   next -> attempt -> failed -> next ...
 *
 * Invariants: no place is gone to because a server names it if it had its turn in this round, so
 * that two of them that name each other cost two attempts, and one that names a dead leader is not
 * to blame for it; one that was gone to has no second turn as a listed one; nor are more than
 * HOPS_MAX gone to so. What a server may send a client to, reach.ts says. Used by dialer.ts, and by
 * the shell's commands.
 */
import { UnreachableError, unreachableFor } from "./errors.ts";
import { maySend } from "./reach.ts";
import { RefusedError } from "./refused-error.ts";

/** So often at most it is gone elsewhere, in one round. */
const HOPS_MAX = 3;

/** Somewhere that can be connected to. */
export interface Named {
  /** Its address, in words. */
  readonly name: string;
}

/** What a round is made of. */
export interface RoundParts<Place extends Named> {
  /** Those that have a turn each, in this order. */
  readonly listed: readonly Place[];
  /** Any other. Throws where an address cannot be connected to. */
  readonly placeOf: (address: string) => Place;
  /** Whether a token is shown, which not everybody is to read. */
  readonly hasToken: boolean;
}

/** One round. */
export class Round<Place extends Named> {
  readonly #parts: RoundParts<Place>;
  /** The names of all that had a turn. */
  readonly #tried = new Set<string>();
  /** Of those, the ones that a server had named. */
  readonly #followed = new Set<string>();
  readonly #causes: Error[] = [];
  #listedAt = 0;
  #origin: Place | undefined;
  #current: Place | undefined;
  #named: Place | undefined;

  constructor(parts: RoundParts<Place>) {
    this.#parts = parts;
  }

  /** The listed place that has its turn, or led to the one that has it. */
  get origin(): Place | undefined {
    return this.#origin;
  }

  /** Why the attempts failed, each with its place; undefined if there was none. */
  get cause(): Error | undefined {
    return unreachableFor(this.#causes);
  }

  /** Whose turn it is; undefined when all had theirs. */
  next(): Place | undefined {
    const place = this.#named ?? this.#nextListed();
    this.#named = undefined;
    this.#current = place;
    if (place !== undefined) this.#tried.add(place.name);
    return place;
  }

  #nextListed(): Place | undefined {
    const { listed } = this.#parts;
    while (this.#listedAt < listed.length) {
      const place = listed[this.#listedAt++];
      if (place === undefined || this.#followed.has(place.name)) continue;
      this.#origin = place;
      return place;
    }
    return undefined;
  }

  /** The attempt at the one whose turn it was came to nothing. */
  failed(error: Error): void {
    const from = this.#current;
    if (from === undefined) return;
    this.#causes.push(new UnreachableError(`${from.name}: ${error.message}`, { cause: error }));
    const address = leaderIn(error);
    if (address !== undefined) this.#follow(from, address);
  }

  #follow(from: Place, address: string): void {
    if (this.#followed.size === HOPS_MAX) return;
    const to = this.#find(address);
    if (to === undefined || this.#tried.has(to.name)) return;
    if (!maySend(from.name, to.name, this.#parts.hasToken)) return;
    this.#followed.add(to.name);
    this.#named = to;
  }

  #find(address: string): Place | undefined {
    try {
      return this.#parts.placeOf(address);
    } catch {
      return undefined; // this runtime has no such connections; the error of the attempt names it
    }
  }
}

/** Whether the server answered that another one leads. */
export function isRedirect(error: unknown): boolean {
  return error instanceof RefusedError && error.code === "HM_NOT_LEADER";
}

/** The address behind NOT_LEADER; undefined of any other error, and where there is none. */
function leaderIn(error: Error): string | undefined {
  const isOne = error instanceof RefusedError && isRedirect(error);
  return isOne ? error.reply.split(" ")[1] : undefined;
}
