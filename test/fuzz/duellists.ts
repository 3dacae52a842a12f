/*
 * The servers that can take part in a duel: the real beanstalkd, and Homemaker in several shapes,
 * reached by TCP, by WebSockets and by TLS.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { Scheme } from "../support/homemaker.ts";
import { patientConnect } from "../support/patient-connect.ts";
import { secureSocket } from "../support/secure-socket.ts";
import type { Credentials } from "../support/secure-socket.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { FramingClient } from "../websocket/framing-client.ts";
import type { Duellist } from "./duel.ts";
import { WrappedSocket } from "./wrapped-socket.ts";

/** More connections than a stream has. */
const CONNECTIONS_MAX = 1000;

/** The real beanstalkd. */
export const BEANSTALKD: Duellist = {
  name: "beanstalkd",
  hasAdditions: false,
  start: async ({ maxJobSizeBytes }) => {
    const server = await startBeanstalkd({ flags: ["-z", String(maxJobSizeBytes)] });
    return {
      connect: () => patientConnect(server),
      signal: (signal) => server.signal(signal),
      stop: () => server.stop(),
    };
  },
};

/** The shapes that Homemaker is tested in. */
const SHAPES = [
  { threads: 1, shards: 1 },
  { threads: 2, shards: 4 },
  { threads: 1, shards: 8 },
  { threads: 3, shards: 1 },
] as const;

/** Homemaker; the seed of the stream chooses the number of threads and shards. */
export const HOMEMAKER: Duellist = {
  name: "homemaker",
  hasAdditions: true,
  start: ({ maxJobSizeBytes, seed }) => startHomemaker({ maxJobSizeBytes, ...shapeOf(seed) }),
};

/** The same, reached by that; what goes through a WebSocket is framed as the seed has it. */
export function homemakerBy(scheme: Scheme, credentials: Credentials): Duellist {
  const { certPath, keyPath } = credentials;
  const flags = isSecure(scheme) ? ["--tls-cert", certPath, "--tls-key", keyPath] : [];
  return {
    name: `homemaker by ${scheme}`,
    hasAdditions: true,
    variables: `FUZZ_TRANSPORT=${scheme} `,
    start: async ({ maxJobSizeBytes, seed }) => {
      const server = await startHomemaker({ maxJobSizeBytes, ...shapeOf(seed), scheme, flags });
      let framing = seed * CONNECTIONS_MAX;
      return {
        connect: async () => {
          const socket = await connectBy(scheme, server, credentials);
          if (!isWebSocket(scheme)) return socket;
          return new WrappedSocket(socket, new FramingClient(framing++));
        },
        signal: (signal) => server.signal(signal),
        stop: () => server.stop(),
      };
    },
  };
}

async function connectBy(
  scheme: Scheme,
  server: ServerProcess,
  { ca }: Credentials,
): Promise<Socket> {
  if (!isSecure(scheme)) return server.connect();
  const socket = secureSocket(server.address, ca);
  await once(socket, "secureConnect");
  return socket;
}

function isSecure(scheme: Scheme): boolean {
  return scheme === "tls" || scheme === "wss";
}

function isWebSocket(scheme: Scheme): boolean {
  return scheme === "ws" || scheme === "wss";
}

function shapeOf(seed: number): (typeof SHAPES)[number] {
  return SHAPES[seed % SHAPES.length] ?? SHAPES[0];
}
