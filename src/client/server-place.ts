/* Server place: where a server is, and how it is reached. Plain data, so that it can be posted. */
import type { TlsSettings } from "./tls-settings.ts";

/** A server by its addresses, of which the first that answers is taken. */
export interface ServerPlace {
  readonly addresses: readonly string[];
  readonly tls?: TlsSettings | undefined;
  /** As in ClientOptions. */
  readonly token?: string | undefined;
}
