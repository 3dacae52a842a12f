/*
 * Connections that were served once and then do nothing: what each costs in the server's process.
 * Kernel memory is not in it.
 */
import type { Sample } from "../figures.ts";
import { residentBytes } from "../process-cost.ts";
import { Asker } from "./asker.ts";
import type { CrowdOrder, ServerAddress } from "./order.ts";

/**
 * Connections opened before the first reading, so that what a server prepares once is not counted.
 */
const FIRST = 100;
/** Connections being opened at the same time. */
const AT_ONCE = 100;

/** Opens the crowd, reads the server's memory, closes. */
export async function runCrowd(order: CrowdOrder, server: ServerAddress): Promise<Sample> {
  const crowd: Asker[] = [];
  await grow(crowd, FIRST, server.port);
  const before = residentBytes(server.pid);
  await grow(crowd, FIRST + order.connections, server.port);
  const after = residentBytes(server.pid);
  for (const asker of crowd) asker.close();
  return {
    bytesPerConnection: (after - before) / order.connections,
    connections: order.connections,
  };
}

async function grow(crowd: Asker[], size: number, port: number): Promise<void> {
  while (crowd.length < size) {
    const count = Math.min(AT_ONCE, size - crowd.length);
    crowd.push(...(await Promise.all(Array.from({ length: count }, () => join(port)))));
  }
}

/** An answered command shows that the server has accepted the connection, not only the kernel. */
async function join(port: number): Promise<Asker> {
  const asker = await Asker.open(port);
  await asker.expect("USING default", "list-tube-used");
  return asker;
}
