/* Foreign: recognizes a line that belongs to another protocol.
 *
 * A browser can be made to send an HTTP request with a body of an attacker's choice to any port of
 * its own machine; if the server answered UNKNOWN_COMMAND to the header lines and went on, the body
 * would be run as commands. So the session closes the connection at such a line. It asks when a
 * line was BAD_FORMAT or UNKNOWN_COMMAND, and about the beginning of input in which no line ends:
 * no command is ever mistaken, because verbs are lower case and no HTTP method is.
 */

import { asciiBytes, byteAt } from "./ascii.ts";

/** Every method of RFC 9110 and PATCH, and the start of an HTTP/2 connection. */
const HTTP_METHODS = [
  "GET ",
  "HEAD ",
  "POST ",
  "PUT ",
  "DELETE ",
  "CONNECT ",
  "OPTIONS ",
  "TRACE ",
  "PATCH ",
  "PRI * HTTP/",
].map(asciiBytes);
const HOST_HEADER = asciiBytes("host:");
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR_VERSION = 0x03;
const LOWER_CASE_BIT = 0x20;

/**
 * Whether bytes[start, end), the beginning of a line or all of it, starts an HTTP request, is its
 * Host header, or starts a TLS handshake. False when there are too few bytes to tell.
 */
export function looksLikeAnotherProtocol(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    startsTls(bytes, start, end) ||
    isHostHeader(bytes, start, end) ||
    HTTP_METHODS.some((method) => startsWith(bytes, start, end, method))
  );
}

function startsTls(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= 2 &&
    byteAt(bytes, start) === TLS_HANDSHAKE &&
    byteAt(bytes, start + 1) === TLS_MAJOR_VERSION
  );
}

/**
 * Header names are case-insensitive; browsers and HTTP libraries write `Host:`, some proxies
 * `host:`.
 */
function isHostHeader(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < HOST_HEADER.length) return false;
  return HOST_HEADER.every(
    (byte, index) => (byteAt(bytes, start + index) | LOWER_CASE_BIT) === byte,
  );
}

function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  return prefix.every((byte, index) => byteAt(bytes, start + index) === byte);
}
