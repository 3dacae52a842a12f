/* Connect: makes clients from what a user says: the options with their defaults, and the first
 * connection.
 *
 * Which addresses there are, and what time it is, is the runtime's: the entries in src/entries/
 * say.
 */
import { Client } from "./client.ts";
import type { ClientConnection, ConnectionOptions } from "./connection.ts";
import { BadCommandError } from "./errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { unknownNameIn } from "./known-names.ts";
import type { Known } from "./known-names.ts";
import type { Surroundings } from "./link.ts";
import { checkedToken } from "./token.ts";
import { TLS_SETTINGS } from "./tls-settings.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** What may be said about a client. */
export interface ClientOptions {
  /** Ends the first attempt to connect; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long the first connection may take, all attempts together; 10,000 if absent. */
  readonly connectTimeoutMs?: number;
  /** How long a call may take that says nothing else; 10,000 if absent, Infinity for no limit. */
  readonly timeoutMs?: number;
  /** The longest pause between attempts to connect; 5,000 if absent. */
  readonly backOffMaxMs?: number;
  /** A server that owes an answer and says nothing for so long is given up; 10,000 if absent. */
  readonly silenceMs?: number;
  /** How often a server that is only waited for is asked whether it is there; 30,000 if absent. */
  readonly heartbeatMs?: number;
  /** Calls that wait to be sent or answered may take so many bytes; 268,435,456 if absent. */
  readonly pendingBytesMax?: number;
  /** The longest body of an answer that is taken; 1,073,741,824 if absent. */
  readonly replyBodyBytesMax?: number;
  /** Of addresses that speak TLS: whom to trust, and what to show. */
  readonly tls?: TlsSettings | undefined;
  /**
   * What is shown first on each connection to a server that asks for tokens: 1 to 200 printable
   * ASCII characters. When all servers that look at it in one round of attempts refuse it, all
   * calls reject with a RefusedError (HM_DENIED), later ones too.
   */
  readonly token?: string | undefined;
  /** Told what went wrong where no call rejects: a lost connection, an attempt that failed. */
  readonly onError?: (error: Error) => void;
}

/** A broker in this process, or whatever else gives connections. */
export interface InProcessTarget {
  connect(options: ConnectionOptions): ClientConnection;
}

/** Where a server is: an address, or a broker in this process. */
export type Target = string | InProcessTarget;

const CLIENT_OPTIONS: Known<ClientOptions> = {
  signal: true,
  connectTimeoutMs: true,
  timeoutMs: true,
  backOffMaxMs: true,
  silenceMs: true,
  heartbeatMs: true,
  pendingBytesMax: true,
  replyBodyBytesMax: true,
  tls: true,
  token: true,
  onError: true,
};
const CONNECT_TIMEOUT_MS = 10_000;
const TIMEOUT_MS = 10_000;
const BACK_OFF_MAX_MS = 5000;
const SILENCE_MS = 10_000;
const HEARTBEAT_MS = 30_000;
const PENDING_BYTES_MAX = 268_435_456;
/** Most for one attempt at one of several addresses. */
const DIAL_TIMEOUT_MS = 5000;
/** A server far away, by TLS, has so much however many addresses there are. */
const DIAL_LEAST_MS = 1000;

/**
 * A client that has a connection. Rejects with a BadCommandError for options that there are not,
 * and with an UnreachableError when no connection comes about.
 */
export async function connectTo(
  targets: Target | readonly Target[],
  options: ClientOptions,
  endpointOf: (address: string, tls?: TlsSettings) => Endpoint,
  around: Surroundings,
): Promise<Client> {
  checkOptions(options);
  const list: readonly Target[] = Array.isArray(targets) ? targets : [targets];
  if (list.length === 0) throw new BadCommandError("there is no address to connect to");
  const token = options.token === undefined ? undefined : checkedToken(options.token);
  const find = (address: string): Endpoint => endpointOf(address, options.tls);
  const listed = list.map((target) =>
    typeof target === "string" ? find(target) : inProcess(target),
  );
  const { timeoutMs = TIMEOUT_MS, connectTimeoutMs = CONNECT_TIMEOUT_MS, signal } = options;
  const client = new Client({ listed, endpointOf: find }, around, {
    timeoutMs,
    dialTimeoutMs: dialTimeoutOf(connectTimeoutMs, listed.length),
    backOffMaxMs: options.backOffMaxMs ?? BACK_OFF_MAX_MS,
    silenceMs: options.silenceMs ?? SILENCE_MS,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    pendingBytesMax: options.pendingBytesMax ?? PENDING_BYTES_MAX,
    replyBodyBytesMax: options.replyBodyBytesMax,
    token,
    onError: options.onError ?? (() => undefined),
  });
  try {
    await client.connected({ signal, timeoutMs: connectTimeoutMs });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

function checkOptions(options: ClientOptions): void {
  const unknown =
    unknownNameIn(options, CLIENT_OPTIONS) ?? unknownNameIn(options.tls ?? {}, TLS_SETTINGS);
  if (unknown !== undefined) throw new BadCommandError(`connect: ${unknown}: no such option`);
}

/** Each address has its turn within the time of the first connection, if others are silent. */
function dialTimeoutOf(connectTimeoutMs: number, addresses: number): number {
  const share = Math.max(DIAL_LEAST_MS, Math.floor(connectTimeoutMs / addresses));
  return Math.min(DIAL_TIMEOUT_MS, connectTimeoutMs, share);
}

function inProcess(target: InProcessTarget): Endpoint {
  return { name: "in this process", open: (options) => target.connect(options) };
}
