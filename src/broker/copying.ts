/* Copying: the committer's side of a copy of the journal elsewhere: it gives the replicator
 * (replicator.ts) what the journal did, and notes up to where each shard's stream is with that.
 *
 * A note is made when all that the journal did has been given away; so once that has got there,
 * each stream is there up to the note. Who gives away faster than the replicator sends is held
 * back, until it is told to stop: then it waits at the end, and no longer than that is worth. Used
 * by committer.ts.
 */
import { SHARDS_MAX } from "../../assembly/constants.ts";
import { MirroredStorage } from "../journal/mirrored-storage.ts";
import type { RemoteOperation } from "../remote-log.ts";
import type { Storage } from "../storage.ts";
import { COPY_END_MILLIS } from "./copy-board.ts";
import type { CopyBoard } from "./copy-board.ts";

/** Bytes that may wait to be sent. */
const WAITING_BYTES_MAX = 67_108_864;
/** How often it is looked meanwhile whether to stop. */
const LOOK_MILLIS = 100;
/** At the end the replicator goes on for as long as it gets something there within this time. */
const STANDSTILL_MILLIS = 4000;

/** Bytes that a copy may lack: those that wait and those on their way. A commit comes on top. */
export const COPY_LAG_BYTES_MAX = 2 * WAITING_BYTES_MAX;

/** How a server begins to lead. */
export interface Lead {
  readonly epoch: number;
  /** Its directory is what the copy had: who led before may have told of more than that. */
  readonly isFetched: boolean;
}

/** What the committer tells the replicator. */
export type CopyOrder =
  | { readonly kind: "operations"; readonly operations: readonly RemoteOperation[] }
  /** All before it, and shards' streams up to there, are in what was given. */
  | { readonly kind: "note"; readonly note: number; readonly positions: readonly number[] }
  /** There is nothing more: it may give the lease back. */
  | { readonly kind: "end" };

/** The replicator, as the committer reaches it. */
export interface CopyLink {
  /** Resolves when this server leads and its directory is as the log says. */
  readonly led: () => Promise<Lead>;
  readonly post: (order: CopyOrder) => void;
}

/** What is given away by one committer. */
export class Copying {
  readonly #link: CopyLink;
  readonly #board: CopyBoard;
  readonly #mustStop: () => boolean;
  readonly storage: MirroredStorage;
  readonly #positions = new Float64Array(SHARDS_MAX);
  #isMoved = true;
  #note = 0;

  constructor(storage: Storage, link: CopyLink, board: CopyBoard, mustStop: () => boolean) {
    this.#link = link;
    this.#board = board;
    this.#mustStop = mustStop;
    this.storage = new MirroredStorage(storage, (operations) => this.#give(operations));
  }

  #give(operations: readonly RemoteOperation[]): void {
    while (this.#board.waitingBytes > WAITING_BYTES_MAX && !this.#mustStop()) {
      this.#board.awaitSent(LOOK_MILLIS);
    }
    this.#board.countWaiting(bytesOf(operations));
    this.#link.post({ kind: "operations", operations });
    this.#isMoved = true; // how far ids may have been told moves no stream
  }

  /** A shard's stream is safe here up to there. */
  moved(shard: number, position: number): void {
    if (this.#positions[shard] === position) return;
    this.#positions[shard] = position;
    this.#isMoved = true;
  }

  /** Notes where the shards' streams are, if they have moved and all has been given away. */
  note(shards: number): void {
    if (!this.#isMoved || !this.storage.isClean) return;
    this.#isMoved = false;
    const positions = [...this.#positions.subarray(0, shards)];
    this.#link.post({ kind: "note", note: ++this.#note, positions });
  }

  /** Whether a client has asked meanwhile that this server lead no more. */
  takeStepDown(): boolean {
    return this.#board.takeStepDown();
  }

  /** The number of the newest note. */
  get newest(): number {
    return this.#note;
  }

  /** Whether what was noted then is elsewhere. */
  isThere(note: number): boolean {
    return this.#board.noted >= note;
  }

  /**
   * Nothing more comes: returns when all is elsewhere and the lease was given back, or when nothing
   * gets there any more, or all of it takes too long. Returns how many bytes the copy lacks then;
   * undefined if it lacks nothing.
   */
  end(): number | undefined {
    this.#link.post({ kind: "end" });
    const board = this.#board;
    const until = performance.now() + COPY_END_MILLIS;
    let waiting = board.waitingBytes;
    let movedAt = performance.now();
    while (!board.waitForEnd(LOOK_MILLIS)) {
      const now = performance.now();
      if (board.waitingBytes !== waiting) movedAt = now;
      waiting = board.waitingBytes;
      if (now >= until || now - movedAt >= STANDSTILL_MILLIS) return waiting;
    }
    return undefined;
  }
}

/** Bytes that operations take in memory. */
export function bytesOf(operations: readonly RemoteOperation[]): number {
  let bytes = 0;
  for (const one of operations) bytes += one.kind === "write" ? one.body.length : 0;
  return bytes;
}
