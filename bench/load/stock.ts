/*
 * Jobs put and left lying, over several tubes and so over several shards: what a restart then has
 * to bring back.
 */
import type { Sample } from "../figures.ts";
import { putConversation } from "./dialect.ts";
import type { ServerAddress, StockOrder } from "./order.ts";
import { Talker } from "./talker.ts";

/** Puts of one write; their replies are awaited before the next. */
const BATCH = 500;

/** Puts the jobs; resolves when all have been acknowledged. Nothing is measured. */
export async function runStock(order: StockOrder, server: ServerAddress): Promise<Sample> {
  const waves = order.jobs / order.connections / BATCH;
  if (!Number.isInteger(waves))
    throw new Error(`the jobs are not a multiple of ${order.connections * BATCH}`);
  const connections = Array.from({ length: order.connections }, (_, index) => index);
  await Promise.all(connections.map((connection) => put(server.port, connection, waves)));
  return {};
}

async function put(port: number, connection: number, waves: number): Promise<void> {
  let left = waves;
  const talker = await Talker.open(port, putConversation(connection, BATCH), {
    answered: () => undefined,
    completed: () => --left > 0,
  });
  await talker.talk();
}
