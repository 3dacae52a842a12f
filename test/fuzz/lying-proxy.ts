/*
 * A server behind a proxy that alters what it answers: the fuzzer must notice, or it would not
 * notice a broken server either.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { partsOf, ReplyReader } from "./raw-replies.ts";
import type { Duellist } from "./duel.ts";
import type { Playable } from "./player.ts";

/** Alters a reply, or returns it as it is. It must keep replies whole. */
export type Lie = (reply: Buffer) => Buffer;

/**
 * The same program, but each of its replies goes through `lie`. A new lie is made for each process
 * that is started.
 */
export function lying(honest: Duellist, makeLie: () => Lie): Duellist {
  return {
    name: `${honest.name} behind a proxy that lies`,
    hasAdditions: honest.hasAdditions,
    start: async (options) => {
      const server = await honest.start(options);
      const lie = makeLie();
      const proxy = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
        void relay(client, server, lie);
      });
      await once(proxy.listen(0, "127.0.0.1"), "listening");
      return {
        connect: () => connected(proxy),
        signal: (signal) => server.signal(signal),
        stop: async () => {
          proxy.close();
          await server.stop();
        },
      };
    },
  };
}

async function connected(proxy: Server): Promise<Socket> {
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
  const socket = connect({
    host: "127.0.0.1",
    port: address.port,
    noDelay: true,
    allowHalfOpen: true,
  });
  await once(socket, "connect");
  return socket;
}

async function relay(client: Socket, server: Playable, lie: Lie): Promise<void> {
  const upstream = await server.connect();
  const reader = new ReplyReader();
  client.pipe(upstream);
  upstream.on("data", (bytes: Buffer) => {
    for (const reply of reader.take(bytes)) client.write(lie(reply));
  });
  upstream.on("end", () => client.end(reader.rest));
  const drop = (): void => {
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) socket.on("error", drop).on("close", drop);
}

/** Says `after` instead of `before` whenever that is the whole reply line. */
export function replaceLine(before: string, after: string): Lie {
  return (reply) => (partsOf(reply).line === before ? Buffer.from(`${after}\r\n`) : reply);
}

/** Changes one bit in the last byte of the body of the `count`th job that is handed out. */
export function flipBitOfJob(count: number): Lie {
  let seen = 0;
  return (reply) => {
    const { line, body } = partsOf(reply);
    if (!line.startsWith("RESERVED") || body === undefined || body.length === 0) return reply;
    if (++seen !== count) return reply;
    const altered = Buffer.from(reply);
    altered[reply.length - 3] = (altered[reply.length - 3] ?? 0) ^ 1;
    return altered;
  };
}
