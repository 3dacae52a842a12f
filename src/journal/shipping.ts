/* Shipping: brings operations into a remote log, one append after the other, and knows of each what
 * became of it.
 *
 * An append that failed may have been carried out, or may be carried out later. So nothing is
 * believed of it until the log, over a new connection, has shown what stands at its place; and
 * until then the very same entries are tried at the same place and nothing else, so that at most
 * one of the attempts can get there. Who finds another's entry at its place does not lead any more.
 * Used by the replicator (broker/replicator.ts), and by a take-over.
 */
import { RemoteError } from "../remote-log.ts";
import type { Found, RemoteLog, RemoteOperation } from "../remote-log.ts";
import { joined } from "./mirrored-storage.ts";

/** Entries that go into one append. */
const OPERATIONS_MAX = 16;
/** Bytes of writes after which an append is full. */
const APPEND_BYTES = 1_048_576;

/** What shipping needs. */
export interface ShippingParts {
  readonly log: RemoteLog;
  readonly epoch: number;
  /** Where the next entry goes. */
  readonly sequence: number;
  /** Resolves when a failed attempt may be followed by another. Rejects to give up. */
  readonly pause: (why: Error) => Promise<void>;
}

/** What brings operations into a log. */
export class Shipping {
  readonly #parts: ShippingParts;
  #sequence: number;

  constructor(parts: ShippingParts) {
    this.#parts = parts;
    this.#sequence = parts.sequence;
  }

  /** The newest entry that is known to be there; 0 if none is. */
  get shipped(): number {
    return this.#sequence - 1;
  }

  /**
   * Resolves when these are in the log; `went` is called with each part that is there. Rejects with
   * HM_REMOTE_FENCED when another leads, and with what `pause` rejects with.
   */
  async ship(
    operations: readonly RemoteOperation[],
    went: (part: readonly RemoteOperation[]) => void = () => undefined,
  ): Promise<void> {
    for (const batch of batchesOf(operations)) {
      await this.#shipBatch(batch);
      went(batch);
    }
  }

  async #shipBatch(operations: readonly RemoteOperation[]): Promise<void> {
    let isUnknown = false;
    for (;;) {
      try {
        if (isUnknown) {
          await this.#parts.log.reconnect();
          if (await this.#isThere(operations)) break;
          isUnknown = false;
        }
        const { log, epoch } = this.#parts;
        isUnknown = true;
        if (await log.append(this.#sequence, epoch, operations)) break;
        if (await this.#isThere(operations)) break; // of an attempt of which nothing was heard
        throw fenced();
      } catch (error) {
        if (!isWorthAnother(error)) throw error;
        await this.#parts.pause(error);
      }
    }
    this.#sequence += operations.length;
  }

  /**
   * Whether these got to their place, all or none of them. Their last is looked at, since those in
   * front of the newest entry may have been forgotten. Rejects with HM_REMOTE_FENCED if others did.
   */
  async #isThere(operations: readonly RemoteOperation[]): Promise<boolean> {
    const { log, epoch } = this.#parts;
    const last = operations.at(-1);
    if (last === undefined) return true;
    const found: Found = await log.look(this.#sequence + operations.length - 1, epoch, last);
    if (found === "another's") throw fenced();
    return found === "ours";
  }
}

function fenced(): RemoteError {
  return new RemoteError("HM_REMOTE_FENCED", "another server leads");
}

/** Whether a failed call may succeed later: an unsafe log may be set up better. */
export function isWorthAnother(error: unknown): error is RemoteError {
  return (
    error instanceof RemoteError &&
    (error.code === "HM_REMOTE_UNREACHABLE" || error.code === "HM_REMOTE_UNSAFE")
  );
}

/** Parts of the operations that go into one append each. */
function* batchesOf(operations: readonly RemoteOperation[]): Generator<RemoteOperation[]> {
  let batch: RemoteOperation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const more = operation.kind === "write" ? operation.body.length : 0;
    if (batch.length === OPERATIONS_MAX || (bytes > 0 && bytes + more > APPEND_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(operation);
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}

/** Operations that mean the same, with writes that follow on each other as one. */
export function merged(
  operations: readonly RemoteOperation[],
  bytesMax: number,
): readonly RemoteOperation[] {
  const all: RemoteOperation[] = [];
  let run: Extract<RemoteOperation, { kind: "write" }>[] = [];
  let bytes = 0;
  const endRun = (): void => {
    const [first] = run;
    if (first !== undefined) {
      const body = joined(
        run.map((one) => one.body),
        bytes,
      );
      all.push({ ...first, body });
    }
    run = [];
    bytes = 0;
  };
  for (const operation of operations) {
    const [first] = run;
    const isNext =
      operation.kind === "write" &&
      operation.file === first?.file &&
      operation.position === first.position + bytes &&
      bytes + operation.body.length <= bytesMax;
    if (!isNext) endRun();
    if (operation.kind !== "write") all.push(operation);
    else {
      run.push(operation);
      bytes += operation.body.length;
    }
  }
  endRun();
  return all;
}
