/* Option conflicts: what is wrong with settings that are each right by themselves. Used by
 * cli/command-line.ts.
 */
import { THREADS_MAX } from "../../assembly/constants.ts";
import { copyConflictIn } from "./copy-options.ts";
import { idleConflictIn } from "./option.ts";
import { isForQueue } from "./handed-sockets.ts";
import type { HandedSocket } from "./handed-sockets.ts";
import { formatListenAddress } from "./listen-address.ts";
import type { Settings } from "./options.ts";
import { outboxConflictIn } from "./outbox-options.ts";
import { isLocal, isLoopback } from "./tcp-address.ts";
import { TLS_OPTIONS } from "./tls-options.ts";
import type { TlsOptions } from "./tls-options.ts";
import { unixConflictIn } from "./unix-options.ts";

/** What has the main thread run sessions too, and its flag. */
const OWN_SESSIONS = [
  ["httpPort", "--http-port"],
  ["jsonPort", "--json-port"],
  ["outbox", "--outbox"],
] as const;

/** In one line; undefined if nothing is wrong. */
export function conflictIn(
  settings: Settings,
  handed: readonly HandedSocket[] = [],
): string | undefined {
  const { dataDirectory, durability } = settings;
  const network =
    portConflictIn(settings, handed) ?? tlsConflictIn(settings, handed) ?? unixConflictIn(settings);
  if (network !== undefined) return network;
  const copy =
    copyConflictIn(settings) ?? redirectConflictIn(settings, handed) ?? outboxConflictIn(settings);
  if (copy !== undefined) return copy;
  return dataDirectory === undefined && durability !== undefined
    ? "--durability, -f and -F need --data: without a directory jobs live in memory only"
    : undefined;
}

/** What is wrong with the settings of HTTP, and with those of all that has sessions beside it. */
function portConflictIn(settings: Settings, handed: readonly HandedSocket[]): string | undefined {
  if (settings.httpPort !== undefined && !handed.every(isForQueue)) {
    return "--http-port: a socket for HTTP was handed over, and there is one such port";
  }
  const { httpPort, httpListen, httpToken, httpReadToken, tokenFile, threads } = settings;
  const own = OWN_SESSIONS.find(([key]) => settings[key] !== undefined);
  if (threads === THREADS_MAX && own !== undefined) {
    return `--threads: at most ${THREADS_MAX - 1} together with ${own[1]}`;
  }
  if (httpPort === undefined) return undefined;
  const hasTokens = (httpToken ?? httpReadToken ?? tokenFile) !== undefined;
  if (!isLoopback(httpListen) && !hasTokens) {
    return `--http-listen ${httpListen} can be reached from elsewhere: set --http-token, best by HOMEMAKER_HTTP_TOKEN`;
  }
  if (httpToken !== undefined && httpToken === httpReadToken) {
    return "--http-token and --http-read-token must differ";
  }
  return undefined;
}

/** What is wrong with where clients are redirected from, and to. */
function redirectConflictIn(
  { journalRedirects, journalAddress, listen }: Settings,
  handed: readonly HandedSocket[],
): string | undefined {
  if (!journalRedirects) return undefined;
  if (handed.some(isForQueue)) {
    return "--journal-redirect: a socket that was handed over cannot be listened on anew";
  }
  const [first] = listen;
  if (journalAddress !== undefined || first === undefined || !isLocal(first)) return undefined;
  if (listen.every(isLocal)) return undefined;
  const told = formatListenAddress(first);
  return (
    `--journal-redirect: ${told}, the first address, is of no use on another machine: ` +
    "set --journal-address, or another -l first"
  );
}

/** What is wrong with the settings of TLS. */
function tlsConflictIn(
  { listen, ...settings }: Settings,
  handed: readonly HandedSocket[],
): string | undefined {
  const { tlsCert, tlsKey } = settings;
  const all = [...listen.map(({ kind }) => kind), ...handed.map(({ speaks }) => speaks)];
  const secure = all.find((kind) => kind === "tls" || kind === "wss");
  if (secure !== undefined) {
    if (tlsCert !== undefined && tlsKey !== undefined) return undefined;
    return `a ${secure}:// address needs --tls-cert and --tls-key`;
  }
  return idleConflictIn<TlsOptions>(TLS_OPTIONS, settings, "tls://HOST:PORT");
}
