/* TLS settings: what the connections of a client show by TLS, and what they want to see. They are
 * plain data, so that they can be posted to a thread.
 */
import type { Known } from "./known-names.ts";

/** All in PEM format. */
export interface TlsSettings {
  /** Certificates of the authorities that are trusted; those that the runtime trusts if absent. */
  readonly ca?: string | undefined;
  /** The client's own certificate, for a server that wants one. */
  readonly cert?: string | undefined;
  /** The private key of that certificate. */
  readonly key?: string | undefined;
  /** The name that the server's certificate must have; the host of the address if absent. */
  readonly serverName?: string | undefined;
}

/** Their names. */
export const TLS_SETTINGS: Known<TlsSettings> = {
  ca: true,
  cert: true,
  key: true,
  serverName: true,
};
