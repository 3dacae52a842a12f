/* Handings: what clients saw of jobs while one server led: which were handed out to them, and which
 * of those they ended and were told so. Used by failover.long.test.ts.
 */
import type { Conversation } from "../support/conversation.ts";

/** What clients of one leader saw. */
export class Handings {
  readonly handedOut = new Set<number>();
  readonly ended = new Set<number>();

  /** The jobs that were handed out and that no answer said the end of. */
  get held(): readonly number[] {
    return [...this.handedOut].filter((id) => !this.ended.has(id)).toSorted((a, b) => a - b);
  }

  /** Takes a job; undefined when there is none, or no answer. */
  async take(client: Conversation): Promise<number | undefined> {
    const [word, id] = (await client.line("reserve-with-timeout 0")).split(" ");
    if (word !== "RESERVED") return undefined;
    this.handedOut.add(Number(id));
    return Number(id);
  }

  /** Takes jobs as long as there are some, and deletes them but for each third, which it holds. */
  async work(client: Conversation): Promise<void> {
    for (;;) {
      const id = await this.take(client);
      if (id === undefined) return;
      if (id % 3 === 0) continue;
      if ((await client.line(`delete ${id}`)) === "DELETED") this.ended.add(id);
    }
  }

  /** Takes all that there are. */
  async takeAll(client: Conversation): Promise<void> {
    while ((await this.take(client)) !== undefined);
  }
}
