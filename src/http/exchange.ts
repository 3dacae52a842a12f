/* Exchange: one request and its answer: writes what a route answers, or what is wrong, with the
 * headers that every answer has.
 *
 * Invariants: nothing is answered without HEADERS, not even what is no HTTP; whoever does not take
 * an answer, or goes on sending a request that has been answered, is cut off. Used by
 * http-server.ts.
 */
import { STATUS_CODES } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ApiFailure } from "./api.ts";
import type { Answer, Headers, HttpError } from "./handler.ts";

/** How long the rest of a request that has been answered may take to arrive, in milliseconds. */
const REST_MS = 1000;
/** How long the other side may take nothing of an answer. */
const STALL_MS = 15_000;

const JSON_TYPE = "application/json; charset=utf-8";
/**
 * What every answer says to browsers: nothing from elsewhere, no framing, no guessing of types, no
 * keeping.
 */
const HEADERS: Headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** One request and its answer. */
export class Exchange {
  /** Aborted when the other side goes away, or the server stops. */
  readonly signal: AbortSignal;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse, ending: AbortSignal) {
    this.#request = request;
    this.#response = response;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.on("error", () => gone.abort());
    this.signal = AbortSignal.any([gone.signal, ending]);
  }

  /** Writes an answer. Rejects with what the answer's stream rejects with. */
  async write(answer: Answer): Promise<void> {
    if ("stream" in answer) {
      this.#head(200, answer.type, answer.headers);
      if (this.#request.method !== "HEAD") await answer.stream(this.#response, this.signal);
      this.#response.end();
    } else {
      const isJson = "json" in answer;
      const body = isJson ? JSON.stringify(answer.json) : answer.bytes;
      const bytes = typeof body === "string" ? Buffer.from(body) : body;
      const headers = { ...answer.headers, "content-length": String(bytes.length) };
      this.#head(answer.status ?? 200, isJson ? JSON_TYPE : answer.type, headers);
      if (this.#request.method === "HEAD") this.#response.end();
      else this.#response.end(bytes);
    }
    this.#dropRest();
  }

  /** Says what is wrong, if it can still be said. */
  refuse(error: HttpError): void {
    if (this.#response.headersSent || this.#response.destroyed) {
      this.#response.destroy();
      return;
    }
    void this.write({ json: failureOf(error), status: error.status, headers: error.headers });
  }

  #head(status: number, type: string, headers: Headers = {}): void {
    this.#response.setTimeout(STALL_MS, () => this.#response.destroy());
    this.#response.writeHead(status, { ...HEADERS, "content-type": type, ...headers });
  }

  /**
   * What else comes of the request is thrown away, so that the answer arrives, but not for long.
   */
  #dropRest(): void {
    if (this.#request.complete) return;
    this.#request.resume();
    const { socket } = this.#request;
    const tooLong = setTimeout(() => socket.destroy(), REST_MS);
    this.#request.once("end", () => clearTimeout(tooLong));
    this.#request.once("close", () => clearTimeout(tooLong));
  }
}

/** Says what is wrong to somebody whose request has not been read, and never will be. */
export function turnAway(socket: Duplex, error: HttpError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(failureOf(error));
  const headers = {
    ...HEADERS,
    ...error.headers,
    "content-type": JSON_TYPE,
    "content-length": String(body.length),
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const status = `${error.status} ${STATUS_CODES[error.status] ?? ""}`;
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n${body}`);
  const tooLong = setTimeout(() => socket.destroy(), REST_MS);
  socket.once("close", () => clearTimeout(tooLong));
}

function failureOf({ code, message }: HttpError): ApiFailure {
  return { error: { code, message } };
}
