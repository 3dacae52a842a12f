/* Simulated handles: files as a browser's worker has them open (SyncHandle), that forget what was
 * not flushed.
 *
 * Of each file there is what is safe, and what was done to it since. When the machine stops, each
 * of these changes is kept or lost by itself, and of a write each sector. `onCall` is asked before
 * each call that changes something, and may throw: a crash at that very point.
 */
import type { SyncHandle } from "../../src/storage/handle-pool.ts";

/** Shorter than any disk has it, so that records of names are torn, too. */
const SECTOR = 16;

/** The machine stopped at this call. */
export class Crash extends Error {
  override readonly name = "Crash";
}

type Change =
  | { readonly kind: "write"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly bytes: number };

/** One file. */
export class SimulatedHandle implements SyncHandle {
  #safe = new Uint8Array(0);
  #seen = new Uint8Array(0);
  #changes: Change[] = [];
  readonly #onCall: () => void;

  constructor(onCall: () => void) {
    this.#onCall = onCall;
  }

  read(into: Uint8Array, { at }: { readonly at: number }): number {
    const found = this.#seen.subarray(at, at + into.length);
    into.set(found);
    return found.length;
  }

  write(bytes: Uint8Array, { at }: { readonly at: number }): number {
    this.#onCall();
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR));
      this.#change({ kind: "write", at: at + from, bytes: bytes.slice(from, to) });
      from = to;
    }
    return bytes.length;
  }

  truncate(bytes: number): void {
    this.#onCall();
    this.#change({ kind: "truncate", bytes });
  }

  flush(): void {
    this.#onCall();
    this.#safe = this.#seen.slice();
    this.#changes = [];
  }

  getSize(): number {
    return this.#seen.length;
  }

  close(): void {
    return undefined;
  }

  /** The machine stops, and starts again: of what was not flushed `keeps` says what is kept. */
  lose(keeps: () => boolean): void {
    const kept = this.#changes.filter(keeps);
    this.#seen = kept.reduce(changed, this.#safe);
    this.#safe = this.#seen.slice();
    this.#changes = [];
  }

  #change(change: Change): void {
    this.#changes.push(change);
    this.#seen = changed(this.#seen, change);
  }
}

/** The bytes after a change. */
function changed(bytes: Uint8Array<ArrayBuffer>, change: Change): Uint8Array<ArrayBuffer> {
  if (change.kind === "truncate") {
    const cut = new Uint8Array(change.bytes);
    cut.set(bytes.subarray(0, change.bytes));
    return cut;
  }
  const longer = new Uint8Array(Math.max(bytes.length, change.at + change.bytes.length));
  longer.set(bytes);
  longer.set(change.bytes, change.at);
  return longer;
}
