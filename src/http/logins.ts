/* Logins: the logins that have neither ended nor been logged out. The secret in a cookie gives the
 * role of who has it, and which token of the queue it was begun with, if it was one.
 *
 * Invariants: what is kept of a secret is its digest. Each role has as many places as it may have
 * and its own order of use, so nobody's logins end those of another role; within a role the one
 * that was used least lately goes first. A token of the queue has few places, and a login too many
 * ends one of its own: it may manage a single tube, and whoever manages one is an admin. Used by
 * access.ts.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Role } from "./api.ts";

/** How long a login lasts. */
export const LOGIN_SECONDS = 12 * 3600;
const LOGINS_MAX = 1000;
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

interface OpenLogin extends Login {
  /** By the clock. */
  readonly endsAt: number;
}

/** Remembers logins. */
export class Logins {
  readonly #nowMillis: () => number;
  /** By the digests of their secrets; the least lately used first. */
  readonly #open: Readonly<Record<Role, Map<string, OpenLogin>>> = {
    admin: new Map(),
    read: new Map(),
  };

  /** `nowMillis` is a clock in milliseconds. */
  constructor(nowMillis: () => number) {
    this.#nowMillis = nowMillis;
  }

  /** Begins one; returns its secret. */
  begin(login: Login): string {
    const secret = randomBytes(SECRET_BYTES).toString("hex");
    const open = this.#open[login.role];
    const own = login.token === undefined ? [] : loginsOf(login.token, open);
    const hasTooMany = own.length >= LOGINS_PER_TOKEN_MAX;
    const [leastUsed] = hasTooMany ? own : open.keys();
    if (leastUsed !== undefined && (hasTooMany || open.size >= LOGINS_MAX)) open.delete(leastUsed);
    const endsAt = this.#nowMillis() + LOGIN_SECONDS * MILLIS;
    open.set(digestOf(secret), { ...login, endsAt });
    return secret;
  }

  /** Ends it, if it is one. */
  end(secret: string): void {
    const digest = digestOf(secret);
    for (const open of Object.values(this.#open)) open.delete(digest);
  }

  /** What this secret stands for; undefined when it is none, or none any more. */
  find(secret: string): Login | undefined {
    const digest = digestOf(secret);
    return this.#use(this.#open.admin, digest) ?? this.#use(this.#open.read, digest);
  }

  #use(open: Map<string, OpenLogin>, digest: string): Login | undefined {
    const login = open.get(digest);
    if (login === undefined) return undefined;
    open.delete(digest);
    if (login.endsAt <= this.#nowMillis()) return undefined;
    open.set(digest, login); // last: it was used just now
    return login;
  }
}

/** The digests of the secrets of that token's logins, the least lately used first. */
function loginsOf(token: Uint8Array, open: ReadonlyMap<string, Login>): readonly string[] {
  return [...open].flatMap(([digest, one]) =>
    one.token !== undefined && Buffer.compare(one.token, token) === 0 ? [digest] : [],
  );
}

function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
