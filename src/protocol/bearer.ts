/* Bearer: the token in the header Authorization of a request of HTTP (RFC 6750, section 2.1). Used
 * by HTTP and by the handshake of WebSockets.
 */

/** The token in the value of that header; undefined if it has none. */
export function bearerToken(authorization: string): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}
