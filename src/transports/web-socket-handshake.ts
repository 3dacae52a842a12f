/* WebSocket handshake: the request by which a connection becomes a WebSocket (RFC 6455, section 4),
 * and the answer to it.
 *
 * A browser says which page had it connect, by the header Origin, and a page cannot forge that;
 * only pages that the operator named are let in, so a name that leads here by a trick (DNS
 * rebinding) helps no page. Programs that are no browsers send no Origin and could send any. Who
 * may come in is `refusalOf`'s alone to say. Used by web-socket-connection.ts.
 */
import { createHash } from "node:crypto";
import { bearerToken } from "../protocol/bearer.ts";
import { HALF_CLOSE_PROTOCOL } from "../protocol/half-close.ts";

/** What a request is answered with. */
export interface Welcome {
  /** The answer's head, and its body if it has one. */
  readonly text: string;
  /** Whether the connection is a WebSocket from here on; otherwise it is to be closed. */
  readonly isOpen: boolean;
  /** An empty message will mean that nothing more comes. */
  readonly hasHalfClose: boolean;
  /** The right token that it brought, if it did. */
  readonly token?: Uint8Array | undefined;
}

/** Who may come in. */
export interface Admission {
  /** Whose pages may connect, in lower case; "*" stands for all. */
  readonly origins: readonly string[];
  /** As in Door. */
  knows(token: Uint8Array): boolean | undefined;
}

type Headers = ReadonlyMap<string, readonly string[]>;

/** A request that cannot be answered with a WebSocket. */
interface Refusal {
  readonly status: string;
  /** For people. */
  readonly why: string;
  /** More lines of the answer's head. */
  readonly headers?: readonly string[];
}

/** What no token is. */
const NO_TOKEN = new Uint8Array(0);
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const VERSION = "13";
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP\/(\d\.\d)$/;
/** The blanks around a value are cut off afterwards: an expression for them would go to and fro. */
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;
/** 16 bytes in base64. */
const KEY = /^[0-9A-Za-z+/]{21}[AQgw]==$/;
const HOST = /^(\[[0-9a-f:.]+\]|[0-9a-z._~%-]+)(:\d{1,5})?$/i;
/** What a header may not have in it. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\0-\x08\x0a-\x1f\x7f]/;

/** The answer to the request with this head, its last empty line excepted. */
export function welcome(head: string, admission: Admission): Welcome {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const headers = headersOf(lines);
  if (headers === undefined) return noRequest("a line of the head is no header");
  const refusal = problemIn(requestLine, headers) ?? refusalOf(headers, admission);
  return refusal === undefined ? accepted(headers) : refused(refusal);
}

/** The answer to what is no request, or one that is too long. */
export function noRequest(why: string): Welcome {
  return refused(badRequest(why));
}

/** By their names in lower case; undefined if one of the lines is no header. */
function headersOf(lines: readonly string[]): Headers | undefined {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, value = ""] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || CONTROLS.test(value)) return undefined;
    const values = headers.get(name.toLowerCase()) ?? [];
    values.push(value.trim());
    headers.set(name.toLowerCase(), values);
  }
  return headers;
}

/** What makes it no request for a WebSocket. */
function problemIn(requestLine: string, headers: Headers): Refusal | undefined {
  const [, method, version = ""] = REQUEST_LINE.exec(requestLine) ?? [];
  if (method === undefined) return badRequest("this is no request of HTTP");
  if (version < "1.1") return badRequest("a WebSocket takes HTTP/1.1");
  if (!HOST.test(only(headers, "host") ?? "")) {
    return badRequest("a request says whom it is for, once");
  }
  if (method !== "GET" || !lists(headers, "upgrade", "websocket")) {
    const why = "this address takes WebSockets only";
    return { status: "426 Upgrade Required", why, headers: ["Upgrade: websocket"] };
  }
  if (!lists(headers, "connection", "upgrade")) return badRequest("Connection: Upgrade is missing");
  if (only(headers, "sec-websocket-version") !== VERSION) {
    const why = `this server knows version ${VERSION} of WebSocket`;
    const version13 = `Sec-WebSocket-Version: ${VERSION}`;
    return { status: "426 Upgrade Required", why, headers: ["Upgrade: websocket", version13] };
  }
  const key = only(headers, "sec-websocket-key") ?? "";
  return KEY.test(key) ? undefined : badRequest("Sec-WebSocket-Key is 16 bytes in base64, once");
}

/** Why somebody may not come in. */
function refusalOf(headers: Headers, admission: Admission): Refusal | undefined {
  return refusalOfPage(headers, admission) ?? refusalOfToken(headers, admission);
}

/** Whoever brings no token may show one later, by the command auth. */
function refusalOfToken(headers: Headers, admission: Admission): Refusal | undefined {
  if (!headers.has("authorization")) return undefined;
  if (admission.knows(tokenIn(headers) ?? NO_TOKEN) !== false) return undefined;
  const why = "this is not a token of this server";
  return { status: "401 Unauthorized", why, headers: ["WWW-Authenticate: Bearer"] };
}

/** The token of the header Authorization; undefined if there is none. */
function tokenIn(headers: Headers): Uint8Array | undefined {
  const token = bearerToken(only(headers, "authorization") ?? "");
  return token === undefined ? undefined : Buffer.from(token, "latin1");
}

function refusalOfPage(headers: Headers, { origins }: Admission): Refusal | undefined {
  const pages = headers.get("origin") ?? [];
  const [page = ""] = pages;
  if (pages.length === 0) return undefined;
  const isNamed = origins.includes("*") || origins.includes(page.toLowerCase());
  if (pages.length === 1 && isNamed) return undefined;
  return { status: "403 Forbidden", why: "pages of that origin may not; --ws-origin names more" };
}

function accepted(headers: Headers): Welcome {
  const key = only(headers, "sec-websocket-key") ?? "";
  const accept = createHash("sha1")
    .update(key + GUID)
    .digest("base64");
  const hasHalfClose = lists(headers, "sec-websocket-protocol", HALF_CLOSE_PROTOCOL);
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...(hasHalfClose ? [`Sec-WebSocket-Protocol: ${HALF_CLOSE_PROTOCOL}`] : []),
  ];
  return { text: headOf(lines), isOpen: true, hasHalfClose, token: tokenIn(headers) };
}

function refused(refusal: Refusal): Welcome {
  const body = `${refusal.why}\n`;
  const lines = [
    `HTTP/1.1 ${refusal.status}`,
    ...(refusal.headers ?? []),
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  return { text: headOf(lines) + body, isOpen: false, hasHalfClose: false };
}

function headOf(lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function badRequest(why: string): Refusal {
  return { status: "400 Bad Request", why };
}

/** The value of a header that stands there once; otherwise undefined. */
function only(headers: Headers, name: string): string | undefined {
  const values = headers.get(name) ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/** Whether that word is in a header's lists, in any case of its letters. */
function lists(headers: Headers, name: string, word: string): boolean {
  const words = (headers.get(name) ?? []).flatMap((value) => value.split(","));
  return words.some((one) => one.trim().toLowerCase() === word);
}
