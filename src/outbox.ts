/* Outbox: the seams between a table of jobs in an application's database and the queue that these
 * are to go to.
 *
 * An application inserts a row in its own transaction; so there is a job exactly if that commits.
 * The reader (server/outbox.ts) knows neither database nor protocol: it takes rows from an
 * `OutboxTable` and gives them to an `OutboxQueue`. **The mark**: with the jobs of some rows goes,
 * in the same step, a mark that names the rows. It is what a crash leaves: jobs that are there have
 * their mark, until their rows are gone. The table is implemented in storage/, the queue by
 * server/outbox-queue.ts, and both by simulations in the tests.
 */

/** A row: what is to become a job. Nothing of it has been checked. */
export interface OutboxRow {
  /** Digits. No two rows that are there have the same. */
  readonly id: string;
  /**
   * What marks call it: `<id>@` and more digits, by which it differs from a row that had its id
   * before, or has it elsewhere.
   */
  readonly name: string;
  readonly tube: string;
  /** Undefined where it is longer than was asked for, or there was no room for it. */
  readonly body: Uint8Array | undefined;
  readonly bodyBytes: number;
  readonly priority: number;
  /** What is left of its delay; NaN where that cannot be said. */
  readonly delayMillis: number;
  readonly ttrSeconds: number;
  /** As behind `<bytes>` of a put. */
  readonly tags: string;
}

/** How much is taken at a time, and what not. */
export interface OutboxLimits {
  readonly rowsMax: number;
  /** A longer body stays where it is; its row comes without. */
  readonly bodyBytesMax: number;
  /** Bytes of bodies that come at a time; at least `bodyBytesMax`. */
  readonly allBytesMax: number;
  /** Rows of these tubes are left. */
  readonly tubesAside: readonly string[];
}

/** A row that can never be a job, and why. */
export interface OutboxRefusal {
  readonly id: string;
  readonly why: string;
}

/** Rows of one queue. All may reject with a RemoteError; then what was taken is free again. */
export interface OutboxTable {
  /** How old the oldest row is, in seconds; undefined if there is none. */
  oldest(): Promise<number | undefined>;
  /** Takes rows, those with the smallest ids, for nobody else to take them before `end`. */
  take(limits: OutboxLimits): Promise<readonly OutboxRow[]>;
  /** Of what was taken, removes these, sets those aside, and lets go of the others. */
  end(removed: readonly string[], refused: readonly OutboxRefusal[]): Promise<void>;
  /** Removes the rows of these names, if they are there; nothing is taken meanwhile. */
  remove(names: readonly string[]): Promise<void>;
  /** Calls `heard` whenever there may be new rows; not all of them are told. */
  listen(heard: () => void): void;
  /** Lets go of the connection, if there is one, and makes another. */
  reconnect(): Promise<void>;
  /** Lets go of the connection. What is under way rejects. */
  close(): Promise<void>;
}

/** Names rows whose jobs are there. */
export interface OutboxMark {
  /** Of the mark itself. */
  readonly id: number;
  /** Their names. */
  readonly rows: readonly string[];
}

/** What became of rows that were to be put, all or none. */
export type OutboxAnswer =
  /** They are jobs, as safe as a put that is answered; so is their mark. */
  | { readonly kind: "put"; readonly mark: number }
  /** Nothing was put: the row at that place adds no job, because its key is in use. */
  | {
      readonly kind: "met";
      readonly at: number;
      /** By a row before it, which is to be put with it. */
      readonly isByAnother: boolean;
    }
  /** Nothing was put: the row at that place can never be a job. */
  | { readonly kind: "wrong"; readonly at: number; readonly why: string }
  /** Nothing was put: the tube of the row at that place takes none now. */
  | { readonly kind: "full"; readonly at: number; readonly why: string }
  /** Nothing was put: that is too much at once. */
  | { readonly kind: "tooMuch"; readonly why: string }
  /** Nothing was put: no jobs are taken now. */
  | { readonly kind: "shut"; readonly why: string };

/** Where rows become jobs. */
export interface OutboxQueue {
  /** Puts rows, each of which has a body, and a mark that names them: all of that or nothing. */
  put(rows: readonly OutboxRow[]): Promise<OutboxAnswer>;
  /** A mark, as safe as what is answered; undefined if there is none. */
  mark(): Promise<OutboxMark | undefined>;
  /** Removes a mark; it may be gone. */
  forget(mark: number): Promise<void>;
  /** Ends it. What is under way rejects. */
  close(): Promise<void>;
}
