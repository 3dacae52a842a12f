/* Scene: what those of a mixed crowd share: what they saw, how far it has come, and what tells
 * bodies and batches apart.
 */
import type { Random } from "../support/random.ts";
import type { Connect } from "../support/connect.ts";
import type { Entry } from "./entries.ts";
import { MixedClient, type Notes } from "./mixed-client.ts";

/** The tubes of a crowd. */
export const TUBES: readonly string[] = Array.from({ length: 12 }, (_, index) => `tube-${index}`);

/** What those of a crowd share. */
export class Scene implements Notes {
  readonly entries: Entry[] = [];
  readonly problems: string[] = [];
  readonly alive = new Set<number>();
  isProducing = true;
  isOver = false;
  readonly #connect: Connect;
  #clients = 0;
  #bodies = 0;
  #batches = 0;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  open(): Promise<MixedClient> {
    return MixedClient.with(this, ++this.#clients, this.#connect);
  }

  /** A body unlike any other; workers read what `about` says. */
  body(random: Random, about = ""): string {
    return `job ${++this.#bodies} ${about} `.padEnd(random.between(12, 200), "x");
  }

  /** A number for a batch. */
  batch(): number {
    return ++this.#batches;
  }
}
