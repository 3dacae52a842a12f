/* Cut queue: a queue in memory whose consumers are cut off from it at random. */
import { connectTo } from "../../src/client/connect.ts";
import type { ClientConnection, ConnectionOptions } from "../../src/client/connection.ts";
import type { Clock } from "../../src/clock.ts";
import { clientSurroundings } from "../../src/runtimes/client-surroundings.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { socketEndpoint } from "../../src/transports/socket-endpoint.ts";
import { ClientBackend } from "../../src/worker/client-backend.ts";
import { engineCapabilities } from "../../src/worker/engine-capabilities.ts";
import { Queue } from "../../src/worker/queue.ts";
import type { QueueOptions } from "../../src/worker/queue.ts";
import type { Random } from "../support/random.ts";

const BACK_OFF_MAX_MS = 20;

/** Such a queue. */
export class CutQueue implements AsyncDisposable {
  readonly queue: Queue;
  readonly #cuts: Set<() => void>;

  /** `clock` is the engine's, too, if there is one. */
  static async open(options: Pick<QueueOptions, "clock" | "now"> = {}): Promise<CutQueue> {
    const cuts = new Set<() => void>();
    const queue = new Queue(await backendWith(cuts, options.clock), options);
    cuts.clear(); // the queue's own connection is none of a consumer's
    return new CutQueue(queue, cuts);
  }

  private constructor(queue: Queue, cuts: Set<() => void>) {
    this.queue = queue;
    this.#cuts = cuts;
  }

  /** Cuts off each at the toss of a coin; returns how many that were. */
  cut(random: Random): number {
    let count = 0;
    for (const cut of this.#cuts) {
      if (random.oneIn(2)) continue;
      this.#cuts.delete(cut);
      count += 1;
      cut();
    }
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.close();
  }
}

/** Whoever connects adds what cuts it off. */
async function backendWith(
  cuts: Set<() => void>,
  clock: Clock | undefined,
): Promise<ClientBackend> {
  const broker = await openBroker(clock === undefined ? {} : { clock });
  const connect = (options: ConnectionOptions): ClientConnection => {
    const connection = broker.connect(options);
    cuts.add(() => connection.close(new Error("cut off")));
    return connection;
  };
  const around = clientSurroundings();
  return ClientBackend.open({
    name: "cut queue",
    can: engineCapabilities(false),
    connect: (onError) =>
      connectTo({ connect }, { onError, backOffMaxMs: BACK_OFF_MAX_MS }, socketEndpoint, around),
    close: () => broker.close(),
  });
}
