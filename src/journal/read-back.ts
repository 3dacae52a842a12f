/* ReadBack: brings bodies that left memory back from the segments that their records lie in.
 *
 * What is wanted, and what comes next in the order of the tubes, the shards say (assembly/away.ts).
 * Records that lie near one another are read at once. A record is looked at as in recovery: it is
 * whole, and that of its job, or the journal is damaged, which ends the process as any failure of
 * it does; then recovery says what is lost. Used by the committer, which alone has segments go: so
 * the files stay where they are while one is read. Between two reads it may commit, and then some
 * may go: what was needed of these lies elsewhere by then, and who waits for it asks again.
 */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { StorageError } from "../storage.ts";
import type { Storage, StorageFile } from "../storage.ts";
import { segmentName } from "./format.ts";
import type { JournalShard } from "./journal-shard.ts";

/** What lies between two records is read, too, if it is no longer than that. */
const GAP_BYTES = 32_768;
/** Most bytes that are read at once. */
const SPAN_BYTES = 1_048_576;

/** The record of a body that was to be read back is not there, or damaged. */
class BodyError extends Error {
  override readonly name = "BodyError";
  readonly code = "HM_JOURNAL_BODY";
}

/** What it takes to read bodies back. */
export interface ReadBackParts {
  readonly storage: Storage;
  readonly shards: readonly JournalShard[];
  /** The salt of a segment that exists. */
  readonly saltOf: (segment: number) => number | undefined;
  /** As in BodyOptions. */
  readonly broughtBytes: number;
}

/** Where a record lies in its segment. */
interface Place {
  readonly from: number;
  readonly to: number;
}

/** What brings bodies back. */
export class ReadBack {
  readonly #parts: ReadBackParts;
  #buffer = new Uint8Array(0);

  constructor(parts: ReadBackParts) {
    this.#parts = parts;
  }

  /** Whether some body is to be read back. */
  get isWanted(): boolean {
    return this.#parts.shards.some(({ wantsBodies }) => wantsBodies);
  }

  /**
   * Reads a bounded part of what is wanted; false when nothing is. Behind each read it calls
   * `between`, which may write, and remove segments. Throws a BodyError and what the storage
   * throws.
   */
  step(between: () => void = () => undefined): boolean {
    const wanting = this.#parts.shards.filter(({ wantsBodies }) => wantsBodies);
    for (const one of wanting) this.#readFor(one, between);
    return wanting.length > 0;
  }

  #readFor(one: JournalShard, between: () => void): void {
    one.shard.gatherWanted(this.#parts.broughtBytes);
    for (const [segment, places] of wantedOf(one)) {
      if (this.#hasGone(segment)) continue;
      const file = this.#parts.storage.open(segmentName(segment), false);
      try {
        for (const span of spansOf(places)) {
          this.#bring(one, segment, span, file);
          between();
          if (this.#hasGone(segment)) break; // the file may be another segment's by now
        }
      } finally {
        file.close();
      }
    }
  }

  /** Whether the segment has gone since it was said what is wanted of it. */
  #hasGone(segment: number): boolean {
    return this.#parts.saltOf(segment) === undefined;
  }

  /** Brings a span of records, each by itself where what lies between them cannot be read. */
  #bring(one: JournalShard, segment: number, span: readonly Place[], file: StorageFile): void {
    const from = span[0]?.from ?? 0;
    let bytes: Uint8Array;
    try {
      bytes = this.#read(file, segment, from, span.at(-1)?.to ?? from);
    } catch (error) {
      if (span.length < 2 || !(error instanceof StorageError)) throw error;
      for (const place of span) this.#bring(one, segment, [place], file);
      return;
    }
    this.#handOver(one, segment, span, bytes);
  }

  /** Has the shard take the records of a span, as many at a time as a staging area holds. */
  #handOver(one: JournalShard, segment: number, span: readonly Place[], bytes: Uint8Array): void {
    const from = span[0]?.from ?? 0;
    const { staging } = one.shard;
    let staged = 0;
    for (const place of span) {
      const record = bytes.subarray(place.from - from, place.to - from);
      if (staged + record.length > staging.length) staged = this.#take(one, segment, staged);
      staging.set(record, staged);
      staged += record.length;
    }
    this.#take(one, segment, staged);
  }

  /** Has the shard take what is staged; returns how much is staged then. */
  #take({ shard }: JournalShard, segment: number, staged: number): number {
    const salt = this.#parts.saltOf(segment);
    const answer = salt === undefined ? C.DAMAGED : shard.bring(staged, salt);
    if (answer === C.DONE) return 0;
    throw new BodyError(`${segmentName(segment)}: the body of a job is damaged`);
  }

  #read(file: StorageFile, segment: number, from: number, to: number): Uint8Array {
    if (this.#buffer.length < to - from) this.#buffer = new Uint8Array(to - from);
    const bytes = this.#buffer.subarray(0, to - from);
    for (let done = 0; done < bytes.length;) {
      const count = file.read(from + done, bytes.subarray(done));
      if (count <= 0) throw new BodyError(`${segmentName(segment)}: it ends before a job's body`);
      done += count;
    }
    return bytes;
  }
}

/** What a shard has just said to be wanted, by segment, in the order of the places. */
function wantedOf({ shard }: JournalShard): ReadonlyMap<number, Place[]> {
  const { buffer, byteOffset, length } = shard.output;
  const view = new DataView(buffer, byteOffset, length);
  const count = shard.field(C.RESULT_COUNT);
  const wanted = new Map<number, Place[]>();
  for (let at = 0; at < count * L.WANTED_BYTES; at += L.WANTED_BYTES) {
    const segment = view.getUint32(at + L.WANTED_SEGMENT, true);
    const from = view.getUint32(at + L.WANTED_PLACE, true) * 8;
    const place = { from, to: from + view.getUint32(at + L.WANTED_RECORD_BYTES, true) };
    const places = wanted.get(segment);
    if (places === undefined) wanted.set(segment, [place]);
    else places.push(place);
  }
  for (const places of wanted.values()) places.sort((a, b) => a.from - b.from);
  return wanted;
}

/** Records that are to be read at once. */
function spansOf(places: readonly Place[]): readonly (readonly Place[])[] {
  const spans: Place[][] = [];
  for (const place of places) {
    const span = spans.at(-1);
    const isNear =
      span !== undefined &&
      place.from - (span.at(-1)?.to ?? 0) <= GAP_BYTES &&
      place.to - (span[0]?.from ?? 0) <= SPAN_BYTES;
    if (isNear) span.push(place);
    else spans.push([place]);
  }
  return spans;
}
