/*
 * What the tests use of qrpc, which comes without types.
 */

declare module "qrpc" {
  import type { Socket } from "node:net";

  export type Answer = (error: unknown, value?: unknown) => void;

  export interface Client {
    call(name: string, data?: unknown, answer?: Answer): boolean;
    close(): void;
  }

  const qrpc: {
    connect(port: number, host: string, connected: (socket: Socket) => void): Client;
  };
  export default qrpc;
}
