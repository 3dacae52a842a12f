/* Access: who a caller is: by a token, or by the cookie that a login gave for one. A token is of
 * HTTP's own, or the queue's, whose bearer is an admin where it may manage anything.
 *
 * Without tokens everybody is an admin; then the port is on the loopback address, which the options
 * see to. Invariants: tokens are compared in constant time, and a right one is never refused; who
 * guesses is slowed (guessing.ts). Used by http-server.ts and by the routes of the session.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { bearerToken } from "../protocol/bearer.ts";
import type { Grant } from "../protocol/rights.ts";
import type { TokenBook } from "../session/token-book.ts";
import type { Role } from "./api.ts";
import { Guessing } from "./guessing.ts";
import { HttpError } from "./handler.ts";
import type { Peer } from "./handler.ts";
import { LOGIN_SECONDS, Logins } from "./logins.ts";
import type { Login } from "./logins.ts";

interface Token {
  readonly role: Role;
  readonly digest: Buffer;
}

/** Somebody who was let in. */
export interface Caller {
  readonly role: Role;
  /** In which tubes he may what; absent: in all what the role says. */
  readonly grant?: Grant | undefined;
  /** The digest of the queue's token that he came with; absent: it was none of those. */
  readonly token?: Uint8Array | undefined;
}

/** Keeps the door. */
export class Access {
  /** Whether a caller has to show something. */
  readonly needsToken: boolean;
  readonly #tokens: readonly Token[];
  readonly #book: TokenBook | undefined;
  readonly #cookieName: string;
  readonly #logins: Logins;
  readonly #guessing: Guessing;

  /**
   * @param port tells the cookies of two servers on one host apart; absent or 0: nothing lasting
   * does
   * @param nowMillis a clock in milliseconds
   * @param book the queue's tokens; absent if it has none
   */
  constructor(
    tokens: { readonly admin: string | undefined; readonly read: string | undefined },
    port?: number,
    nowMillis: () => number = () => performance.now(),
    book?: TokenBook,
  ) {
    const known = [
      { role: "admin", token: tokens.admin },
      { role: "read", token: tokens.read },
    ] as const;
    this.#tokens = known.flatMap(({ role, token }) =>
      token === undefined ? [] : [{ role, digest: digestOf(token) }],
    );
    this.#book = book;
    this.needsToken = this.#tokens.length > 0 || book !== undefined;
    this.#cookieName = `homemaker_${port || randomBytes(4).toString("hex")}`;
    this.#logins = new Logins(nowMillis);
    this.#guessing = new Guessing(nowMillis);
  }

  /**
   * The role of who sends these headers; null when a token is needed and none is there. Rejects
   * with an HttpError when the token is wrong. From where many wrong ones came, it takes a while.
   */
  async roleOf(
    authorization: string | undefined,
    cookie: string | undefined,
    peer: Peer,
  ): Promise<Role | null> {
    return (await this.callerOf(authorization, cookie, peer))?.role ?? null;
  }

  /** The same, with what comes with the role. */
  async callerOf(
    authorization: string | undefined,
    cookie: string | undefined,
    peer: Peer,
  ): Promise<Caller | null> {
    if (!this.needsToken) return { role: "admin" };
    if (authorization !== undefined) {
      return this.callerNow(await this.#loginFor(bearerToken(authorization) ?? "", peer));
    }
    const secret = this.#secretIn(cookie);
    const login = secret === undefined ? undefined : this.#logins.find(secret);
    return login === undefined ? null : this.callerNow(login);
  }

  /** What the token that was shown says now; null when that is none any more. */
  callerNow({ role, token }: Login): Caller | null {
    if (token === undefined) return { role };
    const grant = this.#book?.grantOf(token);
    return grant === undefined ? null : { role: roleWith(grant), grant, token };
  }

  /**
   * A session for who knows a token: who he is, and the value of the header set-cookie. Rejects
   * with an HttpError when the token is wrong. From where many wrong ones came, it takes a while.
   */
  async login(
    token: string,
    peer: Peer,
    isSecure: boolean,
  ): Promise<Caller & { readonly cookie: string }> {
    const login: Login = this.needsToken ? await this.#loginFor(token, peer) : { role: "admin" };
    const secret = this.#logins.begin(login);
    const caller = this.callerNow(login) ?? { role: login.role };
    return { ...caller, cookie: this.#cookie(secret, LOGIN_SECONDS, isSecure) };
  }

  /** Ends the session of these cookies; the value of the header set-cookie. */
  logout(cookie: string | undefined, isSecure: boolean): string {
    const secret = this.#secretIn(cookie);
    if (secret !== undefined) this.#logins.end(secret);
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

  async #loginFor(token: string, peer: Peer): Promise<Login> {
    const turn = this.#guessing.turn(peer);
    if (turn !== undefined) await turn; // else at once, so that no second guess comes in between
    const digest = digestOf(token);
    let role: Role | undefined;
    for (const known of this.#tokens) {
      // All are compared, whichever is right.
      if (timingSafeEqual(known.digest, digest)) role ??= known.role;
    }
    const grant = this.#book?.grantOf(digest);
    if (role !== undefined) return { role };
    if (grant !== undefined) return { role: roleWith(grant), token: digest };
    this.#guessing.count(peer.address, digest);
    throw unauthorized("this is not the token");
  }
}

function roleWith(grant: Grant): Role {
  return grant.hasSomewhere(["manage"]) ? "admin" : "read";
}

/** Nobody is let in for what was shown. */
export function unauthorized(message: string): HttpError {
  return new HttpError(401, "HM_HTTP_TOKEN", message, { "www-authenticate": "Bearer" });
}

/** All digests have one length, which the constant-time comparison asks for. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
