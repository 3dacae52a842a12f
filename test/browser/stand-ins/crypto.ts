/* Stand-in for node:crypto in a browser, which makes the handshakes of WebSockets itself. */

export function createHash(algorithm: string): never {
  throw new Error(`${algorithm}: a page answers no handshakes`);
}
