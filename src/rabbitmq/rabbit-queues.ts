/* Rabbit queues: the queues that a tube has in RabbitMQ, all quorum queues.
 *
 *   P:<tube>             jobs that may run
 *   P:delay:<ms>:<tube>  jobs that wait for so long, and come into P:<tube> then
 *   P:dead:<tube>        jobs that are set aside
 *   P:reply:<id>         what came of jobs, for the process that enqueued them
 *
 * P stands for the prefix. No name of a tube has a colon in it, so no two names are the same.
 * RabbitMQ keeps a message with a time of its own behind those that stand before it: so there is a
 * queue for each of some times, and a longer wait is made of several.
 */

/** How long jobs can wait at a time. */
export const STEP_MILLIS: readonly number[] = [
  ...[1000, 2000, 5000, 10_000, 30_000],
  ...[60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000],
];
/** Deliveries without an answer after which RabbitMQ sets a job aside: what kills its workers. */
const DELIVERIES_MAX = 20;
/** How long a process may be away and still find what came of its jobs. */
const REPLY_MILLIS = 600_000;

/** A queue, and what it is declared with. */
export interface RabbitQueue {
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number>>;
}

/** The queues of one prefix. */
export class RabbitQueues {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  work(tube: string): RabbitQueue {
    const dead = this.dead(tube).name;
    return quorum(`${this.#prefix}:${tube}`, {
      ...handedOnTo(dead),
      "x-delivery-limit": DELIVERIES_MAX,
    });
  }

  dead(tube: string): RabbitQueue {
    return quorum(`${this.#prefix}:dead:${tube}`, {});
  }

  delay(tube: string, millis: number): RabbitQueue {
    return quorum(`${this.#prefix}:delay:${millis}:${tube}`, {
      ...handedOnTo(this.work(tube).name),
      "x-message-ttl": millis,
    });
  }

  /** One that is gone when nobody has listened to it for a while. */
  reply(id: string): RabbitQueue {
    return { name: `${this.#prefix}:reply:${id}`, arguments: { "x-expires": REPLY_MILLIS } };
  }

  /** The tube of a queue with jobs that may run. */
  tubeOf(name: string): string {
    return name.slice(this.#prefix.length + 1);
  }
}

/** The step for a job that is to wait for so long: it may be more than one, never too early. */
export function stepFor(millis: number): number {
  const [least = 0] = STEP_MILLIS;
  return STEP_MILLIS.findLast((step) => step <= millis) ?? least;
}

function quorum(name: string, more: RabbitQueue["arguments"]): RabbitQueue {
  return { name, arguments: { "x-queue-type": "quorum", ...more } };
}

/** Messages that leave go to another queue, and stay until they are there. */
function handedOnTo(queue: string): RabbitQueue["arguments"] {
  return {
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": queue,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
  };
}
