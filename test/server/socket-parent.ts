/* A process that opens listening sockets and hands them to a server, again whenever that ends, as a
 * service manager does. It never accepts anything itself: while the server runs it stands still.
 *
 *   socket-parent.ts '{"where": [0, "/path"], "names": "beanstalk:http", "times": 2}' COMMAND ...
 *
 * Prints where it listens, and the number of each server's process.
 */
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import type { Server } from "node:net";

interface Orders {
  /** Ports of the loopback address, 0 is a free one, and paths. */
  readonly where: readonly (number | string)[];
  readonly names: string;
  readonly times: number;
}

const [json = "", ...command] = process.argv.slice(2);
const { where, names, times } = JSON.parse(json) as Orders;

/** Has it listen, and gives its number, which Node tells nobody. */
async function listen(server: Server, at: number | string): Promise<number> {
  const binding = typeof at === "string" ? { path: at } : { host: "127.0.0.1", port: at };
  await new Promise<void>((resolve) => void server.listen(binding, resolve));
  const address = server.address();
  process.stdout.write(`at ${typeof address === "string" ? address : address?.port}\n`);
  const handle: unknown = Reflect.get(server, "_handle");
  return Number(Reflect.get(handle as object, "fd"));
}

const files: number[] = [];
for (const at of where) files.push(await listen(createServer(), at));
const script = 'export LISTEN_PID=$$; echo "pid $$"; exec "$@"';
for (let time = 0; time < times; time++) {
  spawnSync("sh", ["-c", script, "sh", ...command], {
    stdio: ["ignore", "inherit", "inherit", ...files],
    env: { ...process.env, LISTEN_FDS: String(files.length), LISTEN_FDNAMES: names },
  });
}
process.exit(0);
