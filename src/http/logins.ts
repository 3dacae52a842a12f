/* Logins: the logins that have neither ended nor been logged out. The secret in a cookie gives the
 * role of who has it, and which token of the queue it was begun with, if it was one.
 *
 * Invariants: what is kept of a secret is its digest. The logins of each token of the queue have
 * places of their own, and so have those of each role by a token of HTTP's own: a login too many
 * ends the one of the same places that was used least lately, and nobody else's. So however many
 * tokens there are, and whatever they may do, none of them can log others out. Used by access.ts.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Role } from "./api.ts";

/** How long a login lasts. */
export const LOGIN_SECONDS = 12 * 3600;
/** Of one role, by a token of HTTP's own. */
const LOGINS_PER_ROLE_MAX = 1000;
/** Of one token of the queue. */
const LOGINS_PER_TOKEN_MAX = 20;
const SECRET_BYTES = 32;
const MILLIS = 1000;

/** What a secret stands for. */
export interface Login {
  readonly role: Role;
  /** The digest of the token of the queue; absent with a token of HTTP's own. */
  readonly token?: Uint8Array | undefined;
}

interface OpenLogin {
  readonly login: Login;
  /** By the clock. */
  readonly endsAt: number;
  /** Whose places it has one of. */
  readonly owner: string;
}

/** Remembers logins. */
export class Logins {
  readonly #nowMillis: () => number;
  /** By the digests of their secrets. */
  readonly #open = new Map<string, OpenLogin>();
  /** By whose they are: the digests of their secrets, the least lately used first. */
  readonly #places = new Map<string, Set<string>>();

  /** `nowMillis` is a clock in milliseconds. */
  constructor(nowMillis: () => number) {
    this.#nowMillis = nowMillis;
  }

  /** Begins one; returns its secret. */
  begin(login: Login): string {
    const now = this.#nowMillis();
    for (const [digest, { endsAt }] of this.#open) if (endsAt <= now) this.#drop(digest);
    const owner = ownerOf(login);
    const places = this.#places.get(owner) ?? new Set();
    const most = login.token === undefined ? LOGINS_PER_ROLE_MAX : LOGINS_PER_TOKEN_MAX;
    const [leastUsed] = places;
    if (leastUsed !== undefined && places.size >= most) this.#drop(leastUsed);
    const secret = randomBytes(SECRET_BYTES).toString("hex");
    const digest = digestOf(secret);
    this.#open.set(digest, { login, endsAt: now + LOGIN_SECONDS * MILLIS, owner });
    this.#places.set(owner, places.add(digest));
    return secret;
  }

  /** Ends it, if it is one. */
  end(secret: string): void {
    this.#drop(digestOf(secret));
  }

  /** What this secret stands for; undefined when it is none, or none any more. */
  find(secret: string): Login | undefined {
    const digest = digestOf(secret);
    const open = this.#open.get(digest);
    if (open === undefined || open.endsAt <= this.#nowMillis()) return undefined;
    const places = this.#places.get(open.owner);
    places?.delete(digest);
    places?.add(digest); // last: it was used just now
    return open.login;
  }

  #drop(digest: string): void {
    const { owner = "" } = this.#open.get(digest) ?? {};
    const places = this.#places.get(owner);
    places?.delete(digest);
    if (places?.size === 0) this.#places.delete(owner);
    this.#open.delete(digest);
  }
}

function ownerOf({ role, token }: Login): string {
  return token === undefined ? role : Buffer.from(token).toString("hex");
}

function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
