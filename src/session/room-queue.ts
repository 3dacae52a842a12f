/* RoomQueue: those that wait for room in the journal's rings, the longest first.
 *
 * The disk is slower than the clients then, and who writes must wait; the thread does not. Room is
 * looked for when somebody woke this thread, which the committer does when it has freed rings.
 * Without a journal there always is room. However many wait, one look is put off at most: each
 * serves all who wait, and one for each of them would serve those who wait anew again and again
 * before other connections have their turn. Owned by the desk; sessions and uploads wait in it.
 */
import type { Shard } from "../engine/shard.ts";
import type { SessionJournal } from "./session-journal.ts";

/** Something that waits for room in the journal's rings. */
export interface RoomWaiter {
  /** Whether there is the room that it needs. */
  hasRoom(): boolean;
  /** There is: it goes on, in a turn of its own. */
  goOn(): void;
}

/** Those that wait on one thread. */
export class RoomQueue {
  readonly #shards: readonly Shard[];
  readonly #journal: SessionJournal | undefined;
  readonly #later: (run: () => void) => void;
  readonly #waiters = new Set<RoomWaiter>();
  /** A look was put off. */
  #willLook = false;

  /** `later` runs something after other connections have had their turn. */
  constructor(
    shards: readonly Shard[],
    journal: SessionJournal | undefined,
    later: (run: () => void) => void,
  ) {
    this.#shards = shards;
    this.#journal = journal;
    this.#later = later;
  }

  /** Whether each shard's ring has room for a command. */
  get isThere(): boolean {
    if (this.#journal === undefined) return true;
    for (const shard of this.#shards) if (!shard.hasRoom()) return false;
    return true;
  }

  /** Whether work that can wait may write records into the shard's ring. */
  isToSpare(shard: Shard): boolean {
    return this.#journal === undefined || shard.hasRoomToSpare();
  }

  /**
   * Lets `waiter`, which found no room, go on when there is some. The order matters: first it says
   * that somebody waits, then it looks again, since room that came in between would wake nobody.
   */
  wait(waiter: RoomWaiter): void {
    this.#waiters.add(waiter);
    this.#journal?.awaitsRoom(true);
    if (waiter.hasRoom()) this.#lookLater();
  }

  #lookLater(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    this.#later(() => {
      this.#willLook = false;
      this.#look();
    });
  }

  /** That waiter does not wait any more. */
  forget(waiter: RoomWaiter): void {
    if (this.#waiters.delete(waiter)) this.#journal?.awaitsRoom(this.#waiters.size > 0);
  }

  /** Runs something that writes a record and belongs to no connection: at once if there is room. */
  whenThere(run: () => void): void {
    if (this.isThere) run();
    else this.wait({ hasRoom: () => this.isThere, goOn: run });
  }

  /** This thread was woken: those go on who have the room now that they wait for. */
  woken(): void {
    if (this.#waiters.size > 0) this.#look();
  }

  #look(): void {
    for (const waiter of [...this.#waiters]) {
      if (!this.#waiters.has(waiter) || !waiter.hasRoom()) continue;
      this.#waiters.delete(waiter);
      waiter.goOn();
    }
    this.#journal?.awaitsRoom(this.#waiters.size > 0);
  }
}
