/* Logins: the logins that have neither ended nor been logged out. The secret in a cookie gives the
 * role of who has it.
 *
 * Invariants: what is kept of a secret is its digest. Each role has as many places as it may have
 * and its own order of use, so nobody's logins end those of another role; within a role the one
 * that was used least lately goes first. Used by access.ts.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Role } from "./api.ts";

/** How long a login lasts. */
export const LOGIN_SECONDS = 12 * 3600;
const LOGINS_MAX = 1000;
const SECRET_BYTES = 32;
const MILLIS = 1000;

/** Remembers logins. */
export class Logins {
  readonly #nowMillis: () => number;
  /** When each ends, by the digest of its secret; the least lately used first. */
  readonly #ends: Readonly<Record<Role, Map<string, number>>> = {
    admin: new Map(),
    read: new Map(),
  };

  /** `nowMillis` is a clock in milliseconds. */
  constructor(nowMillis: () => number) {
    this.#nowMillis = nowMillis;
  }

  /** Begins one; returns its secret. */
  begin(role: Role): string {
    const secret = randomBytes(SECRET_BYTES).toString("hex");
    const ends = this.#ends[role];
    const [leastUsed] = ends.keys();
    if (leastUsed !== undefined && ends.size >= LOGINS_MAX) ends.delete(leastUsed);
    ends.set(digestOf(secret), this.#nowMillis() + LOGIN_SECONDS * MILLIS);
    return secret;
  }

  /** Ends it, if it is one. */
  end(secret: string): void {
    const digest = digestOf(secret);
    for (const ends of Object.values(this.#ends)) ends.delete(digest);
  }

  /** The role of who has this secret; undefined when it is none, or none any more. */
  roleOf(secret: string): Role | undefined {
    const digest = digestOf(secret);
    return (["admin", "read"] as const).find((role) => this.#use(this.#ends[role], digest));
  }

  #use(ends: Map<string, number>, digest: string): boolean {
    const endsAt = ends.get(digest);
    if (endsAt === undefined) return false;
    ends.delete(digest);
    if (endsAt <= this.#nowMillis()) return false;
    ends.set(digest, endsAt); // last: it was used just now
    return true;
  }
}

function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
