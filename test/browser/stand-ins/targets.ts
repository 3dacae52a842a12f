/* Stand-in for test/client/targets.ts in a page: what clients can reach there. */
import type { Target } from "../../../src/client/connect.ts";
import { openBroker } from "./node-broker.ts";
import { startOnWebSocket } from "./homemaker.ts";

/** A server that runs. */
export interface Running {
  readonly target: Target;
  stop(): Promise<void>;
}

export const TARGETS: Readonly<Record<string, () => Promise<Running>>> = {
  "Homemaker over a WebSocket": async () => {
    const server = await startOnWebSocket("--threads", "2", "--shards", "4");
    const { host, port } = server.address;
    return { target: `ws://${host}:${port}`, stop: () => server.stop() };
  },
  "Homemaker in this process": async () => {
    const broker = await openBroker({ shards: 2 });
    return { target: broker, stop: () => broker.close() };
  },
};

/** None of them is the real beanstalkd. */
export function isPlain(): boolean {
  return false;
}
