/* The real beanstalkd (Debian's 1.12), for tests that compare with it. Every call starts one of its
 * own, on a free port or a Unix socket.
 */
import { program } from "./programs.ts";
import { ServerProcess } from "./server-process.ts";
import type { Address } from "./server-process.ts";

/** How to start beanstalkd. */
export interface BeanstalkdOptions {
  /** Listen on this Unix socket; if absent, on a free port of 127.0.0.1. */
  readonly path?: string;
  /** More flags, as on its command line. */
  readonly flags?: readonly string[];
  /** Another binary; if absent, `beanstalkd` from the PATH. */
  readonly command?: string;
}

// With -V it prints `bind 3 127.0.0.1:38211` or `bind 3 /tmp/socket`.
function boundAddress(output: string): Address | undefined {
  const [, port, path] = /^bind \d+ (?:127\.0\.0\.1:(\d+)|(\/.*))$/m.exec(output) ?? [];
  if (port !== undefined) return { host: "127.0.0.1", port: Number(port) };
  return path === undefined ? undefined : { path };
}

/**
 * Starts a beanstalkd and waits until it listens. Throws a MissingProgramError when it is not
 * installed, and a ServerProcessError when it does not start.
 */
export async function startBeanstalkd(options: BeanstalkdOptions = {}): Promise<ServerProcess> {
  const where =
    options.path === undefined ? ["-l", "127.0.0.1", "-p", "0"] : ["-l", `unix:${options.path}`];
  return ServerProcess.start({
    command: options.command ?? program("beanstalkd"),
    arguments: [...where, "-V", ...(options.flags ?? [])],
    address: boundAddress,
    patienceMs: 10_000,
  });
}
