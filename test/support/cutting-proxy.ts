/* CuttingProxy: a port that leads to a server, and whose connections a test can cut off. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Address } from "./server-process.ts";

/** One port. */
export class CuttingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  /** `to` is asked for each connection. */
  static async start(to: () => Address): Promise<CuttingProxy> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (client) => {
      const upstream = connect({ ...to(), noDelay: true });
      const drop = (): void => {
        client.destroy();
        upstream.destroy();
      };
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on("error", drop);
        socket.on("close", () => {
          sockets.delete(socket);
          drop();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return new CuttingProxy(port, server, sockets);
  }

  private constructor(port: number, server: Server, sockets: Set<Socket>) {
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** Ends all connections that there are now. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends them, and takes none any more. */
  close(): void {
    this.#server.close();
    this.cut();
  }
}
