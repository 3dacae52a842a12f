/* Secure socket: a client's socket with TLS, for tests that speak by themselves. */
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import type { Address } from "./server-process.ts";

/** What a server with TLS shows, in files, and the certificate of the authority behind it. */
export interface Credentials {
  readonly certPath: string;
  readonly keyPath: string;
  readonly ca: string;
}

/**
 * One that connects there, and takes whom the authority of that certificate vouches for. It is
 * without Nagle's delay, and may be half-closed.
 */
export function secureSocket(address: Address, ca: string): TLSSocket {
  const socket = connect({ ...address, ca });
  socket.allowHalfOpen = true; // the types of the options lack it
  socket.setNoDelay(true);
  return socket;
}
