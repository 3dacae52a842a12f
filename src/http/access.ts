/* Access: who a caller is: by a token, or by the cookie that a login gave for one.
 *
 * Without tokens everybody is an admin; then the port is on the loopback address, which the options
 * see to. Invariants: tokens are compared in constant time; wrong ones are counted for each
 * network, and who has given too many is not even looked at for a while. Used by http-server.ts and
 * by the routes of the session.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Role } from "./api.ts";
import { HttpError } from "./handler.ts";

/** How long a login lasts, in milliseconds. */
const SESSION_MS = 12 * 3_600_000;
const SESSIONS_MAX = 1000;
/** Wrong tokens that a network, and that all together, may give within WINDOW_MS. */
const FAILURES_MAX = 10;
const FAILURES_MAX_ALL = 200;
const WINDOW_MS = 60_000;
/** Networks whose failures are counted apart. */
const NETWORKS_MAX = 1000;
const SESSION_BYTES = 32;

interface Session {
  readonly role: Role;
  readonly endsAt: number;
}

interface Token {
  readonly role: Role;
  readonly digest: Buffer;
}

/** Keeps the door. */
export class Access {
  /** Whether a caller has to show something. */
  readonly needsToken: boolean;
  readonly #tokens: readonly Token[];
  readonly #cookieName: string;
  readonly #nowMillis: () => number;
  /** By the digest of their cookie, oldest first. */
  readonly #sessions = new Map<string, Session>();
  readonly #failures: Failures;

  /**
   * @param port tells the cookies of two servers on one host apart; absent or 0: nothing lasting
   * does
   * @param nowMillis a clock in milliseconds
   */
  constructor(
    tokens: { readonly admin: string | undefined; readonly read: string | undefined },
    port?: number,
    nowMillis: () => number = () => performance.now(),
  ) {
    const known = [
      { role: "admin", token: tokens.admin },
      { role: "read", token: tokens.read },
    ] as const;
    this.#tokens = known.flatMap(({ role, token }) =>
      token === undefined ? [] : [{ role, digest: digestOf(token) }],
    );
    this.needsToken = this.#tokens.length > 0;
    this.#cookieName = `homemaker_${port || randomBytes(4).toString("hex")}`;
    this.#nowMillis = nowMillis;
    this.#failures = new Failures(nowMillis);
  }

  /**
   * The role of who sends these headers; null when a token is needed and none is there. Throws an
   * HttpError, 401 or 429.
   */
  roleOf(
    authorization: string | undefined,
    cookie: string | undefined,
    address: string,
  ): Role | null {
    if (!this.needsToken) return "admin";
    const session = this.#sessionOf(cookie);
    if (authorization === undefined) return session?.role ?? null;
    const [, token = ""] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    return this.#roleOfToken(token, address);
  }

  /**
   * A session for who knows a token: the value of the header set-cookie. Throws an HttpError, 401
   * or 429.
   */
  login(token: string, address: string, isSecure: boolean): { role: Role; cookie: string } {
    const role = this.needsToken ? this.#roleOfToken(token, address) : "admin";
    const secret = randomBytes(SESSION_BYTES).toString("hex");
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < SESSIONS_MAX) break;
      this.#sessions.delete(oldest);
    }
    const endsAt = this.#nowMillis() + SESSION_MS;
    this.#sessions.set(keyOf(secret), { role, endsAt });
    return { role, cookie: this.#cookie(secret, SESSION_MS / 1000, isSecure) };
  }

  /** Ends the session of these cookies; the value of the header set-cookie. */
  logout(cookie: string | undefined, isSecure: boolean): string {
    const secret = this.#secretIn(cookie);
    if (secret !== undefined) this.#sessions.delete(keyOf(secret));
    return this.#cookie("", 0, isSecure);
  }

  #cookie(value: string, seconds: number, isSecure: boolean): string {
    const secure = isSecure ? "; Secure" : "";
    return `${this.#cookieName}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
  }

  #secretIn(cookie = ""): string | undefined {
    const pairs = cookie.split(";").map((pair) => pair.trim().split("="));
    return pairs.find(([name]) => name === this.#cookieName)?.[1];
  }

  #sessionOf(cookie: string | undefined): Session | undefined {
    const secret = this.#secretIn(cookie);
    if (secret === undefined) return undefined;
    const session = this.#sessions.get(keyOf(secret));
    return session !== undefined && session.endsAt > this.#nowMillis() ? session : undefined;
  }

  #roleOfToken(token: string, address: string): Role {
    const waitSeconds = this.#failures.waitSeconds(address);
    if (waitSeconds > 0) {
      const headers = { "retry-after": String(waitSeconds) };
      throw new HttpError(429, "HM_HTTP_TOO_MANY", "too many wrong tokens, wait a while", headers);
    }
    const digest = digestOf(token);
    let role: Role | undefined;
    for (const known of this.#tokens) {
      if (timingSafeEqual(known.digest, digest)) role ??= known.role; // all are compared, whichever is right
    }
    if (role !== undefined) return role;
    this.#failures.count(address, digest);
    throw unauthorized("this is not the token");
  }
}

/** Nobody is let in for what was shown. */
export function unauthorized(message: string): HttpError {
  return new HttpError(401, "HM_HTTP_TOKEN", message, { "www-authenticate": "Bearer" });
}

/**
 * Which wrong tokens were given. The same one again is a mistake in somebody's settings and no
 * guess, so it counts once.
 */
class Failures {
  readonly #nowMillis: () => number;
  /** By network, digests of wrong tokens. */
  readonly #guesses = new Map<string, Set<string>>();
  #all = 0;
  #windowEndsAt = 0;

  constructor(nowMillis: () => number) {
    this.#nowMillis = nowMillis;
  }

  /** How long `address` has to wait before it may try again; 0 when it may. */
  waitSeconds(address: string): number {
    this.#turn();
    const isOver =
      this.#all >= FAILURES_MAX_ALL ||
      (this.#guesses.get(networkOf(address))?.size ?? 0) >= FAILURES_MAX;
    return isOver ? Math.ceil((this.#windowEndsAt - this.#nowMillis()) / 1000) : 0;
  }

  count(address: string, digest: Buffer): void {
    this.#turn();
    const network = networkOf(address);
    const guess = digest.toString("hex");
    const guesses = this.#guesses.get(network) ?? new Set();
    if (guesses.has(guess)) return;
    this.#all++;
    guesses.add(guess);
    if (this.#guesses.has(network) || this.#guesses.size < NETWORKS_MAX) {
      this.#guesses.set(network, guesses);
    }
  }

  #turn(): void {
    if (this.#nowMillis() < this.#windowEndsAt) return;
    this.#guesses.clear();
    this.#all = 0;
    this.#windowEndsAt = this.#nowMillis() + WINDOW_MS;
  }
}

/**
 * An address of four parts; of one of eight, which whoever has one has by the billions, the first
 * four.
 */
function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [front = "", back = ""] = address.split("::");
  const given = [front, back].map((half) => half.split(":").filter((part) => part !== ""));
  const zeros = Array.from({ length: 8 - given.flat().length }, () => "0");
  return [...(given[0] ?? []), ...zeros, ...(given[1] ?? [])].slice(0, 4).join(":");
}

/** All digests have one length, which the constant-time comparison asks for. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function keyOf(secret: string): string {
  return digestOf(secret).toString("hex");
}
