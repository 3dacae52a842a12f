/* Server back end: jobs that are kept by a server, reached by a URL: a Homemaker, or a plain
 * beanstalkd, which does not know what `features` is.
 *
 *   homemaker://127.0.0.1                 port 11300
 *   homemaker://10.0.0.7:11300,10.0.0.8   one server at several addresses: the first that answers
 *   homemaker+unix:/run/homemaker.sock
 *   homemaker+tls://10.0.0.7:11301,10.0.0.8:11301   the same by TLS
 *   ws://10.0.0.7:11302   wss://queue.example.org/queue      as the URL of a WebSocket
 *   ws://10.0.0.7:11302,ws://10.0.0.8:11302                  and of several
 *
 * In front of the first address may stand a token and an `@`, as in homemaker://TOKEN@10.0.0.7. It
 * is percent-encoded; in a URL of a WebSocket a slash in it has to be.
 * A connection that is lost is made anew; what was held with it comes again. How an address is
 * reached is the runtime's, and given by src/entries/.
 */
import type { Client } from "../client/client.ts";
import type { ClientOptions } from "../client/connect.ts";
import { BadCommandError } from "../client/errors.ts";
import { isWebSocketUrl } from "../client/web-socket-wire.ts";
import type { QueueBackend } from "./backend.ts";
import { ClientBackend } from "./client-backend.ts";
import { engineCapabilities } from "./engine-capabilities.ts";
import { BadOptionError, UnsupportedError } from "./errors.ts";
import { PlainBackend } from "./plain-backend.ts";
import { partUrl, shownUrl } from "../protocol/place-url.ts";

/** Where a server is. */
export type ServerUrl =
  | `homemaker://${string}`
  | `homemaker+${"unix:" | "tls://"}${string}`
  | ServerWebSocketUrl;

/** Where a server takes WebSockets. */
export type ServerWebSocketUrl = `ws://${string}` | `wss://${string}`;

/** Makes a client of one of some addresses. */
export type Connect = (addresses: readonly string[], options: ClientOptions) => Promise<Client>;

/** What a server must know: what came to Homemaker last, of all that is needed. */
const NEEDED = ["window", "await", "batch", "move", "set-tube", "tag:con"] as const;

/**
 * Opens a queue on a server. Rejects with a BadOptionError, with an UnreachableError
 * (HM_UNREACHABLE), and with an UnsupportedError where the server knows `features`, and not all
 * that is needed.
 */
export async function openServer(
  url: ServerUrl,
  connect: Connect,
  { tls, token: said }: Pick<ClientOptions, "tls" | "token"> = {},
): Promise<QueueBackend> {
  const { bare, token = said } = partsOf(url);
  const place = { addresses: addressesOf(bare), tls, token };
  const client = await firstOf(connect(place.addresses, { tls, token }));
  const ways = {
    connect: (onError: (error: Error) => void, signal: AbortSignal) =>
      connect(place.addresses, { onError, signal, tls, token }),
    close: () => Promise.resolve(),
  };
  try {
    if (client.serverVersion === undefined) return await PlainBackend.open(client, ways);
    const lacks = NEEDED.find((feature) => !client.can(feature));
    if (lacks !== undefined) {
      throw new UnsupportedError(`${bare}: that server knows no ${lacks}; it is too old`);
    }
    const { "journal-bytes": journalBytes = 0 } = await client.stats();
    const parts = {
      name: "server",
      can: engineCapabilities(Number(journalBytes) > 0),
      place,
      ...ways,
    };
    return new ClientBackend(parts, client);
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The client; that an address or the token is none is a wrong option of whoever opens a queue. */
async function firstOf(connected: Promise<Client>): Promise<Client> {
  try {
    return await connected;
  } catch (cause) {
    if (cause instanceof BadCommandError) throw new BadOptionError(cause.message, { cause });
    throw cause;
  }
}

/** The URL without the token in it, and that. Throws a BadOptionError. */
function partsOf(url: string): { readonly bare: string; readonly token?: string } {
  const { scheme, user, place } = partUrl(url);
  const bare = scheme + place;
  if (user === "") return { bare };
  // A path could hold an @ as well, so it would not be clear which host is meant.
  if (isWebSocketUrl(url) && user.includes("/")) {
    const why = "behind the host of a WebSocket no @ may stand";
    throw new BadOptionError(`${bare}: ${why}; write %2F for a slash in a token, %40 for an @`);
  }
  try {
    return { bare, token: decodeURIComponent(user) };
  } catch {
    throw new BadOptionError(`${bare}: the token before it is not percent-encoded`);
  }
}

function addressesOf(url: string): readonly string[] {
  if (isWebSocketUrl(url)) return url.split(/,(?=wss?:\/\/)/);
  const [, kind, rest = ""] = /^homemaker(:\/\/|\+unix:|\+tls:\/\/)(.+)$/.exec(url) ?? [];
  if (kind === "+unix:") return [`unix:${rest}`];
  const addresses = rest.replace(/\/$/, "").split(",");
  if (kind !== undefined && addresses.every((address) => address !== "")) {
    return kind === "+tls://" ? addresses.map((address) => `tls://${address}`) : addresses;
  }
  throw new BadOptionError(
    `${JSON.stringify(shownUrl(url))} is no queue; write homemaker://host:port, homemaker+unix:/path, ` +
      "homemaker+tls://host:port, ws://host:port, wss://host:port, redis://host:port or " +
      "amqp://host:port",
  );
}
