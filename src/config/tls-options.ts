/* TLS options: what the addresses that speak TLS show of themselves, and want to see of clients. A
 * part of OPTIONS (options.ts).
 */
import type { Option } from "./option.ts";
import { file } from "./option-values.ts";

/** The part of Options that is about it: files in PEM format. */
export interface TlsOptions {
  /** The server's certificate, and those between it and its authority's behind it. */
  readonly tlsCert: string | undefined;
  /** The private key of the certificate. */
  readonly tlsKey: string | undefined;
  /**
   * Certificates of the authorities, one of which must vouch for each client; absent means that
   * clients show none.
   */
  readonly tlsClientCa: string | undefined;
}

/** Those of all options. */
export function tlsOptionsOf({ tlsCert, tlsKey, tlsClientCa }: TlsOptions): TlsOptions {
  return { tlsCert, tlsKey, tlsClientCa };
}

/** As declared. */
export const TLS_OPTIONS: { readonly [Key in keyof TlsOptions]: Option<TlsOptions[Key]> } = {
  tlsCert: {
    name: "tls-cert",
    category: "TLS",
    placeholder: "FILE",
    help: "certificate of the tls:// addresses, and its chain behind it; read again when it changes",
    default: undefined,
    defaultText: "none; a tls:// address needs one",
    ...file,
  },
  tlsKey: {
    name: "tls-key",
    category: "TLS",
    placeholder: "FILE",
    help: "private key of the certificate; read again when it changes",
    default: undefined,
    defaultText: "none; a tls:// address needs one",
    ...file,
  },
  tlsClientCa: {
    name: "tls-client-ca",
    category: "TLS",
    placeholder: "FILE",
    help: "only clients come in that show a certificate of one of these authorities; read again when it changes",
    default: undefined,
    defaultText: "clients show no certificate",
    ...file,
  },
};
