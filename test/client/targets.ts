/* Targets: the servers that the client is tried against, each of its own, started and stopped. */
import type { Target } from "../../src/client/connect.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { startOnUnixSocket, startOnWebSocket } from "../dialogues/targets/homemaker.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { webSocketUrl } from "../support/web-socket-url.ts";
import { addressOf } from "./places.ts";

/** A server that runs. */
export interface Running {
  readonly target: Target;
  stop(): Promise<void>;
}

/** How each is started; the path is for a socket of its own. */
export const TARGETS: Readonly<Record<string, (path: string) => Promise<Running>>> = {
  "Homemaker over TCP": async () => running(await startHomemaker({ threads: 2, shards: 4 })),
  "Homemaker over a Unix socket": async (path) => running(await startOnUnixSocket(path)),
  "Homemaker over a WebSocket": async () => {
    const server = await startOnWebSocket("--threads", "2", "--shards", "4");
    return { target: webSocketUrl(server), stop: () => server.stop() };
  },
  "Homemaker in this process": async () => {
    const broker = await openBroker({ shards: 2 });
    return { target: broker, stop: () => broker.close() };
  },
  "beanstalkd over TCP": async () => running(await startBeanstalkd()),
  "beanstalkd over a Unix socket": async (path) => running(await startBeanstalkd({ path })),
};

/** Whether a target is the real beanstalkd. */
export function isPlain(name: string): boolean {
  return name.startsWith("beanstalkd");
}

function running(server: ServerProcess): Running {
  return { target: addressOf(server), stop: () => server.stop() };
}
