/* Stand-in for node:crypto in a browser: handshakes of WebSockets are made by the browser itself. */

export function createHash(algorithm: string): never {
  throw new Error(`${algorithm}: a page answers no handshakes`);
}
