/* CommitState: what whoever commits next has to know, in memory that several threads may share:
 * which segment is written to, where its next frame goes and with which number, and what was left
 * undone.
 *
 * Numbers only, read and written plainly: whoever touches them holds what says whose turn it is
 * (broker/commit-lock.ts), and that orders them. How far each shard's stream has come stands beside
 * it (journal-shard.ts). Owned by the journal, which begins it; whoever leads (lead.ts) goes on.
 */

/* Numbers, as indexes. */
const SEGMENT = 0;
const SALT = 1;
const POSITION = 2;
const NEXT_FRAME = 3;
const DURABLE_FRAME = 4;
const UNSYNCED_SINCE = 5;
const IS_ALL_SYNCED = 6;
const IS_ONLY_MARK = 7;
const HAS_UNPUBLISHED = 8;
const IS_REFUSED = 9;
const SYNCS = 10;
const LAST_SYNC_MILLIS = 11;
const UNPREPARED_BYTES = 12;
const LEAST_LIVE_BYTES = 13;
const SEGMENT_BYTES = 14;
const IS_TIGHT = 15;
const IS_AHEAD_WRITTEN = 16;
/** Numbers that a state takes: a few more than it has. */
export const COMMIT_STATE_NUMBERS = 20;

/** The state of a journal's commits. */
export class CommitState {
  readonly #numbers: Float64Array;

  constructor(numbers: Float64Array = new Float64Array(COMMIT_STATE_NUMBERS)) {
    this.#numbers = numbers;
  }

  #get(which: number): number {
    return this.#numbers[which] ?? 0;
  }

  /** `segment` is written to from now on; its next frame goes to `position`. */
  goOnIn(
    segment: { readonly number: number; readonly salt: number; readonly bytes: number },
    position: number,
  ): void {
    this.#numbers[SEGMENT] = segment.number;
    this.#numbers[SALT] = segment.salt;
    this.#numbers[SEGMENT_BYTES] = segment.bytes;
    this.position = position;
  }

  /** The segment that is written to. */
  get segment(): number {
    return this.#get(SEGMENT);
  }

  get salt(): number {
    return this.#get(SALT);
  }

  /** Its length. */
  get segmentBytes(): number {
    return this.#get(SEGMENT_BYTES);
  }

  /** Where in it the next frame goes. */
  get position(): number {
    return this.#get(POSITION);
  }

  set position(position: number) {
    this.#numbers[POSITION] = position;
  }

  /** The number of the next frame. */
  get nextFrame(): number {
    return this.#get(NEXT_FRAME);
  }

  set nextFrame(number: number) {
    this.#numbers[NEXT_FRAME] = number;
  }

  /** The highest frame that is known to be safe. */
  get durableFrame(): number {
    return this.#get(DURABLE_FRAME);
  }

  set durableFrame(number: number) {
    this.#numbers[DURABLE_FRAME] = number;
  }

  /** When the oldest write that is not synced was made; undefined when all is synced. */
  get unsyncedSince(): number | undefined {
    return this.#get(IS_ALL_SYNCED) === 0 ? undefined : this.#get(UNSYNCED_SINCE);
  }

  set unsyncedSince(millis: number | undefined) {
    this.#numbers[IS_ALL_SYNCED] = millis === undefined ? 0 : 1;
    this.#numbers[UNSYNCED_SINCE] = millis ?? 0;
  }

  /** What is not synced is an empty frame, whose loss nobody would notice. */
  get isOnlyMark(): boolean {
    return this.#get(IS_ONLY_MARK) !== 0;
  }

  set isOnlyMark(is: boolean) {
    this.#numbers[IS_ONLY_MARK] = Number(is);
  }

  /** Something was written that has not been published. */
  get hasUnpublished(): boolean {
    return this.#get(HAS_UNPUBLISHED) !== 0;
  }

  set hasUnpublished(has: boolean) {
    this.#numbers[HAS_UNPUBLISHED] = Number(has);
  }

  /**
   * There was no space for what was to be written last, records or the beginning of the next
   * segment: only the journal goes on.
   */
  get isRefused(): boolean {
    return this.#get(IS_REFUSED) !== 0;
  }

  set isRefused(is: boolean) {
    this.#numbers[IS_REFUSED] = Number(is);
  }

  /** The disk has so little space that only the journal commits. */
  get isTight(): boolean {
    return this.#get(IS_TIGHT) !== 0;
  }

  set isTight(is: boolean) {
    this.#numbers[IS_TIGHT] = Number(is);
  }

  /** A frame or a segment was written that says how far ids may be ahead of it. */
  get isAheadWritten(): boolean {
    return this.#get(IS_AHEAD_WRITTEN) !== 0;
  }

  set isAheadWritten(is: boolean) {
    this.#numbers[IS_AHEAD_WRITTEN] = Number(is);
  }

  /** Syncs since the journal began, and how long the last one took. */
  get syncs(): number {
    return this.#get(SYNCS);
  }

  get lastSyncMillis(): number {
    return this.#get(LAST_SYNC_MILLIS);
  }

  /** A sync took so long. */
  countSync(millis: number): void {
    this.#numbers[SYNCS] = this.syncs + 1;
    this.#numbers[LAST_SYNC_MILLIS] = millis;
  }

  /** Bytes of records written since spares were last worked on. */
  get unpreparedBytes(): number {
    return this.#get(UNPREPARED_BYTES);
  }

  set unpreparedBytes(bytes: number) {
    this.#numbers[UNPREPARED_BYTES] = bytes;
  }

  /** Bytes that must live for the files that there are to be within their bound. */
  get leastLiveBytes(): number {
    return this.#get(LEAST_LIVE_BYTES);
  }

  set leastLiveBytes(bytes: number) {
    this.#numbers[LEAST_LIVE_BYTES] = bytes;
  }
}
