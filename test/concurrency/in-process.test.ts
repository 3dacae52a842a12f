/* A mixed crowd on a queue in this process: at its sessions without any wire, and over message
 * ports, as threads that joined it have them. Deno and Bun run this too (elsewhere.long.test.ts).
 */
import { expect, test } from "vitest";
import { ClientConnection } from "../../src/client/connection.ts";
import { NODE_PORTS } from "../../src/embedded/node-ports.ts";
import { PortWire } from "../../src/embedded/port-wire.ts";
import { portOf } from "../../src/embedded/shared-queue.ts";
import { Sharing } from "../../src/embedded/sharing.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { inCell } from "../support/matrix.ts";
import type { Transport } from "../support/matrix.ts";
import type { Connect } from "../support/connect.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { goingRound, THOROUGH_TRIAL_MS } from "../support/trials.ts";
import { within } from "../support/until.ts";
import { runMixedCrowd } from "./mixed-crowd.ts";
import { expectSound, FLIGHT_MS } from "./sound-crowd.ts";

const FILE = "test/concurrency/in-process.test.ts";
const SEED = seedHere();
const CROWD_MS = 50_000;
const SIZE = { producers: 5, workers: 20, rounds: 30 };

/** Connections through the ports of one that has joined. */
function overPorts(broker: Broker): Connect {
  const port = portOf(new Sharing(broker, false, NODE_PORTS).share(), NODE_PORTS);
  return (options = {}) => {
    const { own, other } = NODE_PORTS.channel();
    port.post(other, [other]);
    return Promise.resolve(
      new ClientConnection((listener) => new PortWire(own, listener), options),
    );
  };
}

const WAYS = {
  "in-process": (broker) => (options) => Promise.resolve(broker.connect(options)),
  MessagePort: overPorts,
} as const satisfies Partial<Record<Transport, (broker: Broker) => Connect>>;

async function crowd(way: keyof typeof WAYS, seed: number): Promise<void> {
  await using broker = await openBroker({ shards: 4 });
  const crowded = runMixedCrowd({ connect: WAYS[way](broker), seed, ...SIZE });
  const report = await within("the crowd is over", CROWD_MS, crowded);
  expectSound(report, FLIGHT_MS);
  expect(report.entries.length).toBeGreaterThan(SIZE.producers * SIZE.rounds);
}

for (const way of ["in-process", "MessagePort"] as const) {
  const timeout = THOROUGH_TRIAL_MS + CROWD_MS + 10_000;
  const cell = { ...inCell("node", way, "ledger"), timeout };
  test(`a mixed crowd finds nothing wrong: ${way}`, cell, async () => {
    const rounds = await goingRound(THOROUGH_TRIAL_MS, (index) =>
      replayable(SEED + index, FILE, () => crowd(way, SEED + index)),
    );
    expect(rounds).toBeGreaterThan(0);
  });
}
