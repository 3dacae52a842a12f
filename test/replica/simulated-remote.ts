/* SimulatedRemote: a remote log in memory, which loses connections as its seed says.
 *
 * A call waits until somebody has the remote take a turn (`advance`). Then it is answered; or its
 * connection breaks before it is carried out, or after it was, or it is carried out much later,
 * when its caller has long been told that nothing is known of it. Entries stay as they came: the
 * remote itself loses nothing.
 */
import { crc32 } from "node:zlib";
import type {
  Claim,
  Found,
  RemoteEnd,
  RemoteEntry,
  RemoteFailure,
  RemoteLog,
  RemoteOperation,
} from "../../src/remote-log.ts";
import { LedgerError } from "../journal/ledger.ts";

/** One in so many calls goes wrong in one of the three ways. */
const ODDS = 12;

type ErrorClass = new (code: RemoteFailure, message: string) => Error;

interface Row {
  readonly epoch: number;
  /** Of the entry that begins an epoch. */
  readonly leader?: string;
  readonly operation?: RemoteOperation;
}

/** What many leaders, one after the other or at a time, have as their log. */
export class SimulatedRemote {
  readonly rows = new Map<number, Row>();
  last = 0;
  /** Nothing goes wrong any more. */
  isCalm = false;
  /** What becomes of the next calls (`call`), whatever the seed says. */
  readonly fates: number[] = [];
  /** Who has the lease. */
  holder = "";
  /** Who asked for it meanwhile. */
  readonly standbys = new Set<string>();
  readonly #random: (below: number) => number;
  readonly #failure: ErrorClass;
  /** Calls that nobody has answered, and some whose callers have given up. */
  #waiting: (() => void)[] = [];

  constructor(random: (below: number) => number, failure: ErrorClass) {
    this.#random = random;
    this.#failure = failure;
  }

  connect(): RemoteLog {
    return new SimulatedLog(this);
  }

  /** Carries out one of the calls that wait, and lets its caller go on. */
  async advance(): Promise<void> {
    const at = this.#random(Math.max(1, this.#waiting.length));
    this.#waiting.splice(at, 1)[0]?.();
    await new Promise(setImmediate);
  }

  /** Takes turns until that is answered. */
  async answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
    const state = { isDone: false };
    const end = (): boolean => (state.isDone = true);
    asked.then(end, end);
    while (!state.isDone) await this.advance();
    return asked;
  }

  /** A call that comes to the remote, or not. `broken` hears that its connection is gone. */
  call<Answer>(run: () => Answer, broken: () => void): Promise<Answer> {
    return new Promise((answered, failed) => {
      const fail = (): void => {
        broken();
        failed(this.unreachable());
      };
      this.#waiting.push(() => {
        const fate = this.fates.shift() ?? (this.isCalm ? 0 : this.#random(ODDS));
        if (fate === 1) fail();
        else if (fate === 2) {
          run();
          fail();
        } else if (fate === 3) {
          this.#waiting.push(() => void run());
          fail();
        } else answered(run());
      });
    });
  }

  unreachable(): Error {
    return new this.#failure("HM_REMOTE_UNREACHABLE", "simulated: cut off");
  }

  /** Puts rows where nothing stands; false if something does. */
  put(sequence: number, rows: readonly Row[]): boolean {
    if (sequence !== this.last + 1) return false;
    for (const row of rows) this.rows.set(++this.last, row);
    return true;
  }
}

/** One leader's connection. */
class SimulatedLog implements RemoteLog {
  readonly #remote: SimulatedRemote;
  #isBroken = false;

  constructor(remote: SimulatedRemote) {
    this.#remote = remote;
  }

  async #call<Answer>(run: () => Answer): Promise<Answer> {
    if (this.#isBroken) throw this.#remote.unreachable();
    return this.#remote.call(run, () => (this.#isBroken = true));
  }

  newest(): Promise<RemoteEnd | undefined> {
    return this.#call(() => {
      const { rows, last } = this.#remote;
      const epoch = rows.get(last)?.epoch;
      if (epoch === undefined) return undefined;
      for (let at = last; at > 0; at--) {
        const leader = rows.get(at)?.leader;
        if (leader !== undefined) return { sequence: last, epoch, leader };
      }
      throw new LedgerError("nobody began the newest epoch");
    });
  }

  lead(sequence: number, epoch: number, leader: string): Promise<boolean> {
    return this.#call(() => this.#remote.put(sequence, [{ epoch, leader }]));
  }

  append(
    sequence: number,
    epoch: number,
    operations: readonly RemoteOperation[],
  ): Promise<boolean> {
    return this.#call(() => {
      if (this.#remote.rows.get(sequence - 1)?.epoch !== epoch) return false;
      const rows = operations.map((operation) => ({ epoch, operation }));
      return this.#remote.put(sequence, rows);
    });
  }

  look(sequence: number, epoch: number, operation: RemoteOperation): Promise<Found> {
    return this.#call(() => {
      const row = this.#remote.rows.get(sequence);
      if (row === undefined) return "nothing";
      return row.epoch === epoch && row.operation === operation ? "ours" : "another's";
    });
  }

  entries(): Promise<readonly RemoteEntry[]> {
    return this.#call(() => {
      return [...this.#remote.rows].flatMap(([sequence, { operation }]) => {
        return operation === undefined ? [] : [this.#entry(sequence, operation)];
      });
    });
  }

  #entry(sequence: number, operation: RemoteOperation): RemoteEntry {
    const { kind, file } = operation;
    if (kind !== "write") {
      const bytes = kind === "create" ? operation.bytes : 0;
      return { sequence, kind, file, position: 0, bytes, digest: "" };
    }
    const { position, body } = operation;
    return { sequence, kind, file, position, bytes: body.length, digest: this.digest(body) };
  }

  read(sequence: number): Promise<Uint8Array> {
    return this.#call(() => {
      const operation = this.#remote.rows.get(sequence)?.operation;
      if (operation?.kind !== "write") throw new LedgerError(`${sequence} is no write`);
      return operation.body;
    });
  }

  digest(body: Uint8Array): string {
    return String(crc32(body));
  }

  sweep(): Promise<boolean> {
    return this.#call(() => {
      const { rows, last } = this.#remote;
      const gone = new Map<string, number>();
      for (const [sequence, { operation }] of rows) {
        if (operation?.kind === "remove") gone.set(operation.file, sequence);
      }
      for (const [sequence, { operation }] of rows) {
        if (operation === undefined || sequence === last) continue;
        if (sequence <= (gone.get(operation.file) ?? 0)) rows.delete(sequence);
      }
      return false;
    });
  }

  async reconnect(): Promise<void> {
    this.#isBroken = false;
    await this.#call(() => undefined);
  }

  /* The lease never runs out. */

  async claim(leader: string): Promise<Claim> {
    const { holder } = this.#remote;
    if (holder !== "" && holder !== leader) {
      this.#remote.standbys.add(leader);
      const epoch = this.#remote.rows.get(this.#remote.last)?.epoch ?? 0;
      return { isTaken: false, leader: holder, epoch, leftMillis: 0 };
    }
    this.#remote.standbys.delete(leader);
    this.#remote.holder = leader;
    return { isTaken: true };
  }

  async standbys(): Promise<number> {
    return this.#remote.standbys.size;
  }

  async renew(leader: string): Promise<boolean> {
    return this.#remote.holder === leader;
  }

  async release(leader: string): Promise<void> {
    if (this.#remote.holder === leader) this.#remote.holder = "";
  }

  async close(): Promise<void> {}
}
