/* TCP address: a host by its name or number, and a port.
 *
 *   127.0.0.1   localhost:11400   [::1]:11400   ::1
 */
import type { AddressKind } from "./address-kind.ts";

/** A TCP address. `port` 0 asks for any free port; absent means the port of `--port`. */
export interface TcpAddress {
  readonly kind: "tcp";
  readonly host: string;
  readonly port?: number;
}

/** A TCP address that says all that binding needs. */
export type BoundTcp = Required<TcpAddress>;

const HOST_AND_PORT =
  /^(?:\[(?<six>[0-9A-Za-z:.%]+)\]|(?<four>[^\s:[\]/]+))(?::(?<port>\d{1,5}))?$/;
const BARE_SIX = /^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?$/;

export const TCP: AddressKind<TcpAddress, BoundTcp> = {
  forms: ["HOST", "HOST:PORT", "[IPV6]:PORT"],
  parse(words) {
    if (BARE_SIX.test(words)) return { kind: "tcp", host: words };
    const parts = HOST_AND_PORT.exec(words)?.groups;
    if (parts === undefined) return undefined;
    const host = parts["six"] ?? parts["four"] ?? "";
    if (parts["port"] === undefined) return { kind: "tcp", host };
    const port = Number(parts["port"]);
    return port > 65535 ? undefined : { kind: "tcp", host, port };
  },
  complete: (address, port) => ({ port, ...address }),
  format({ host, port }) {
    const shown = host.includes(":") ? `[${host}]` : host;
    return port === undefined ? shown : `${shown}:${port}`;
  },
};

/**
 * Whether the host is this machine's loopback, by its name or number. Any other name counts as not,
 * whatever it resolves to.
 */
export function isLoopback(host: string): boolean {
  const [, inner = host] = /^\[(.*)\]$/.exec(host) ?? [];
  return inner === "localhost" || inner === "::1" || /^127(\.\d{1,3}){3}$/.test(inner);
}

/** Whether none but this machine reaches the address: a loopback's, or a path. */
export function isLocal(address: { readonly kind: string; readonly host?: string }): boolean {
  return address.host === undefined || isLoopback(address.host);
}

/**
 * Whether it is the IPv6 wildcard and shall not take IPv4 connections, as it would, because one of
 * the addresses takes these.
 */
export function leavesIpv4(
  address: { readonly kind: string },
  all: readonly { readonly kind: string }[],
): boolean {
  return isWildcard(address, "::") && all.some((other) => isWildcard(other, "0.0.0.0"));
}

/** Whether it listens on all addresses of the machine, by that wildcard. */
export function isWildcard(address: { readonly kind: string }, host: "0.0.0.0" | "::"): boolean {
  return "host" in address && address.host === host;
}
