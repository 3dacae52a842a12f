/* Unix address: the path of a Unix stream socket. */
import type { AddressKind } from "./address-kind.ts";

/** A Unix stream socket at `path`. */
export interface UnixAddress {
  readonly kind: "unix";
  readonly path: string;
}

/**
 * sun_path holds 108 bytes, of which the last is NUL (Linux; elsewhere it is shorter and bind says
 * so).
 */
const PATH_BYTES_MAX = 107;
const PREFIX = "unix:";

export const UNIX: AddressKind<UnixAddress, UnixAddress> = {
  forms: [`${PREFIX}PATH of up to ${PATH_BYTES_MAX} bytes`],
  prefix: PREFIX,
  parse(path) {
    const bytes = new TextEncoder().encode(path).length;
    const fits = bytes > 0 && bytes <= PATH_BYTES_MAX && !path.includes("\0");
    return fits ? { kind: "unix", path } : undefined;
  },
  complete: (address) => address,
  format: ({ path }) => `${PREFIX}${path}`,
};
