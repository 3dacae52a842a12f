/* Listen address: the words after `-l`, taken apart and put together again.
 *
 *   127.0.0.1   localhost:11400   [::1]:11400   ::1   unix:/run/homemaker.sock
 *
 * Only the form is judged here; whether a name resolves or a port is free shows when the server
 * binds.
 */

/** A TCP address. `port` 0 asks for any free port; absent means the port of `--port`. */
export interface TcpAddress {
  readonly kind: "tcp";
  readonly host: string;
  readonly port?: number;
}

/** A Unix stream socket at `path`. */
export interface UnixAddress {
  readonly kind: "unix";
  readonly path: string;
}

/** One listen address as the user wrote it. */
export type ListenAddress = TcpAddress | UnixAddress;

/** One listen address that says all that binding needs. */
export type BoundAddress = Required<TcpAddress> | UnixAddress;

/**
 * sun_path holds 108 bytes, of which the last is NUL (Linux; elsewhere it is shorter and bind says
 * so).
 */
const UNIX_PATH_BYTES_MAX = 107;

const HOST_AND_PORT =
  /^(?:\[(?<six>[0-9A-Za-z:.%]+)\]|(?<four>[^\s:[\]/]+))(?::(?<port>\d{1,5}))?$/;
const BARE_SIX = /^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?$/;

/** Takes `text` apart; undefined if it has none of the forms above. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith("unix:")) return parseUnixPath(text.slice("unix:".length));
  if (BARE_SIX.test(text)) return { kind: "tcp", host: text };
  const parts = HOST_AND_PORT.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const host = parts["six"] ?? parts["four"] ?? "";
  if (parts["port"] === undefined) return { kind: "tcp", host };
  const port = Number(parts["port"]);
  return port > 65535 ? undefined : { kind: "tcp", host, port };
}

function parseUnixPath(path: string): UnixAddress | undefined {
  const bytes = new TextEncoder().encode(path).length;
  const fits = bytes > 0 && bytes <= UNIX_PATH_BYTES_MAX && !path.includes("\0");
  return fits ? { kind: "unix", path } : undefined;
}

/**
 * The address as it stands in the ready line and in logs: "127.0.0.1:11300", "[::1]:11300",
 * "unix:PATH".
 */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return address.port === undefined ? host : `${host}:${address.port}`;
}

/**
 * Whether the host is this machine's loopback, by its name or number. Any other name counts as not,
 * whatever it resolves to.
 */
export function isLoopback(host: string): boolean {
  const [, inner = host] = /^\[(.*)\]$/.exec(host) ?? [];
  return inner === "localhost" || inner === "::1" || /^127(\.\d{1,3}){3}$/.test(inner);
}
