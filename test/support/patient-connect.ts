/*
 * Connects to a server process that may not be listening yet: beanstalkd says where it is bound a
 * moment before it listens there.
 */
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ServerProcess } from "./server-process.ts";

const PATIENCE_MS = 5_000;

/**
 * Like `server.connect()`, but a refused connection is tried again for up to 5 s, as long as the
 * process is there.
 */
export async function patientConnect(server: ServerProcess): Promise<Socket> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await server.connect();
    } catch (error) {
      if (!server.running || performance.now() > giveUpAt) throw error;
      await nextTurn();
    }
  }
}
