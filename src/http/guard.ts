/* Guard: what a request must look like before anybody looks at who sent it: defences against pages
 * of other sites in a user's browser.
 *
 * A name that a stranger owns can be made to lead to the loopback address (DNS rebinding), so a
 * request must name this server by a number, by a name of the loopback, or by a configured name. A
 * page elsewhere can send requests here but cannot read answers, and cannot set our header without
 * being asked for permission, which this server never gives. Used by http-server.ts.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { HttpError } from "./handler.ts";

/** The header that every POST must have. */
const MARK = "x-homemaker";
/** The value of that header. */
const MARK_VALUE = "1";

/** Looks requests over. */
export class Guard {
  readonly #names: ReadonlySet<string>;

  /** `names` are the host names by which this server is reached, beside those of the loopback. */
  constructor(names: readonly string[]) {
    this.#names = new Set(["localhost", ...names.map((name) => name.toLowerCase())]);
  }

  /** Throws an HttpError unless the request is meant for this server, and says so once. */
  checkHost(request: IncomingMessage): void {
    const names = request.rawHeaders.filter((_, at) => at % 2 === 0);
    if (names.filter((name) => name.toLowerCase() === "host").length !== 1) {
      throw new HttpError(400, "HM_HTTP_HOST", "a request says whom it is for, once");
    }
    const host = hostOf(request.headers.host ?? "");
    if (host !== undefined && (isIP(host) !== 0 || this.#names.has(host))) return;
    const message = "this server is not known by that name; --http-host adds names";
    throw new HttpError(403, "HM_HTTP_HOST", message);
  }

  /**
   * Throws an HttpError if a page of another site had the browser ask. Browsers that do not say so
   * are let through.
   */
  checkSite(request: IncomingMessage): void {
    const site = request.headers["sec-fetch-site"];
    if (site === undefined || site === "same-origin" || site === "none") return;
    throw forged("another site asked for this");
  }

  /** Whether a page of this server asks; who is no page says nothing of the kind. */
  isOwnPage({ headers: { origin = "", host = "" } }: IncomingMessage): boolean {
    return isSameOrigin(origin, host);
  }

  /** Throws an HttpError unless a page of this server, or no page at all, asks for a change. */
  checkChange(request: IncomingMessage): void {
    this.checkSite(request);
    if (request.headers.origin !== undefined && !this.isOwnPage(request)) {
      throw forged("another site asked for this");
    }
    if (request.headers[MARK] !== MARK_VALUE) throw forged(`the header ${MARK}: 1 is missing`);
    const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") {
      throw new HttpError(415, "HM_HTTP_TYPE", "the body must be application/json");
    }
  }
}

function forged(why: string): HttpError {
  return new HttpError(403, "HM_HTTP_FORGED", why);
}

function isSameOrigin(origin: string, host: string): boolean {
  const [, named] = /^https?:\/\/([^/]+)$/i.exec(origin) ?? [];
  return named !== undefined && named.toLowerCase() === host.toLowerCase();
}

/**
 * The host of a Host header, without port and brackets, in lower case; undefined when it has
 * another form.
 */
function hostOf(header: string): string | undefined {
  const [, six, other] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (six ?? other)?.toLowerCase().replace(/\.$/, "");
}
