/* Homemaker as a process of its own, run as a user runs it: the command (command.ts), on a free
 * port of the loopback address, by TCP unless told otherwise.
 *
 * Called by the fuzzer, the tests with client libraries and the concurrency tests.
 */
import { COMMAND } from "./command.ts";
import { RUNTIMES } from "./runtimes.ts";
import { ServerProcess, type Address } from "./server-process.ts";

/** What a server is reached by, as its address names it. */
export const SCHEMES = ["tcp", "ws", "tls", "wss"] as const;
export type Scheme = (typeof SCHEMES)[number];

/** How to start Homemaker; what is absent is the server's own default. */
export interface HomemakerOptions {
  readonly maxJobSizeBytes?: number;
  /** I/O threads. */
  readonly threads?: number;
  /** Shards, a power of two. */
  readonly shards?: number;
  /** What runs it: a program and its arguments; if absent, Node. */
  readonly runtime?: readonly string[];
  /** What it is reached by; with TLS the flags name a certificate. TCP if absent. */
  readonly scheme?: Scheme;
  /** On any free one if absent. */
  readonly port?: number;
  /** More flags, as on its command line. */
  readonly flags?: readonly string[];
}

const PATIENCE_MS = 30_000;

/** Starts Homemaker and waits until it listens. Throws a ServerProcessError when it does not. */
export function startHomemaker(options: HomemakerOptions = {}): Promise<ServerProcess> {
  const { maxJobSizeBytes, threads, shards, flags = [] } = options;
  const [command = "", ...before] = options.runtime ?? RUNTIMES.node;
  const { scheme = "tcp", port = 0 } = options;
  const address =
    scheme === "tcp" ? ["127.0.0.1", "-p", `${port}`] : [`${scheme}://127.0.0.1:${port}`];
  const args = [...before, COMMAND, "-l", ...address];
  if (maxJobSizeBytes !== undefined) args.push("-z", String(maxJobSizeBytes));
  if (threads !== undefined) args.push("--threads", String(threads));
  if (shards !== undefined) args.push("--shards", String(shards));
  return ServerProcess.start({
    command,
    arguments: [...args, ...flags],
    address: listeningAddress,
    patienceMs: PATIENCE_MS,
  });
}

// It prints `listening on 127.0.0.1:38211`, `listening on [::1]:38211`, or one with a scheme.
function listeningAddress(output: string): Address | undefined {
  const [, host, port] = /listening on (?:\w+:\/\/)?\[?([\w.:]+?)\]?:(\d+)/.exec(output) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}
