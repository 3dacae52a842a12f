/* Redis (Debian's 7.0), for tests of the back end. Every call starts one of its own, on a Unix
 * socket in a directory, with nothing of /etc.
 */
import { join } from "node:path";
import { program } from "./programs.ts";
import { ServerProcess } from "./server-process.ts";

/** What makes Redis keep what it has answered, and throw nothing away. */
export const KEEPS_ALL = ["--appendonly", "yes", "--appendfsync", "always"];

/** Where the Redis of a directory listens. */
export function redisPath(directory: string): string {
  return join(directory, "redis.sock");
}

/**
 * Starts a Redis in that directory, and waits until it listens. Throws a MissingProgramError when
 * it is not installed, and a ServerProcessError when it does not start.
 */
export async function startRedis(
  directory: string,
  flags: readonly string[] = [],
): Promise<ServerProcess> {
  const path = redisPath(directory);
  return ServerProcess.start({
    command: program("redis-server"),
    arguments: ["--port", "0", "--unixsocket", path, "--dir", directory, "--save", "", ...flags],
    address: (output) => (output.includes("eady to accept connections") ? { path } : undefined),
    patienceMs: 40_000,
  });
}
