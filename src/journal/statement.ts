/* Statement: what a frame says about which segments belong to the journal.
 *
 * A segment that is missing from the middle leaves no trace by itself, since segments go in any
 * order. So the first frame of each segment lists those that exist then, and before one goes a
 * frame says so and is made safe. A statement stands behind a frame header's sections, under the
 * same CRC. Written by the journal and by the bulk load, read by recovery (membership.ts).
 */

/** Segments whose numbers follow each other. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/** What a frame says about segments. */
export interface Statement {
  /**
   * "members": from number `from` on, exactly these belong to the journal. "gone": these do not any
   * more, though their files may still be there.
   */
  readonly kind: "members" | "gone";
  /** About segments with lower numbers nothing is said. */
  readonly from: number;
  readonly runs: readonly Run[];
}

/** Most runs of a statement. */
const RUNS_MAX = 4096;
const RUN_BYTES = 8;
/** Where a frame header says what follows its sections. */
const KIND_AT = 48;
const COUNT_AT = 52;
const FROM_AT = 56;
const KINDS = [undefined, "members", "gone"] as const;

/** Bytes of a statement behind a frame header's sections; 0 without one. */
export function statementBytes(statement: Statement | undefined): number {
  return (statement?.runs.length ?? 0) * RUN_BYTES;
}

/** The most that `statementBytes` returns. */
export const STATEMENT_BYTES_MAX = RUNS_MAX * RUN_BYTES;

/** The segments that exist: the youngest of them, where they are in too many runs to be listed. */
export function membersStatement(numbers: readonly number[], runsMax = RUNS_MAX): Statement {
  const runs = runsOf(numbers);
  const kept = runs.slice(-runsMax);
  const from = kept.length < runs.length ? (kept[0]?.first ?? 0) : 0;
  return { kind: "members", from, runs: kept };
}

/** These segments go. */
export function goneStatement(numbers: readonly number[]): Statement {
  return { kind: "gone", from: 0, runs: runsOf(numbers) };
}

function runsOf(numbers: readonly number[]): readonly Run[] {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && number <= last.last + 1) last.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs;
}

/** Whether a statement names a segment. */
export function names({ runs }: Statement, number: number): boolean {
  return runs.some(({ first, last }) => number >= first && number <= last);
}

/** Writes a statement into the frame header in `view`, its runs from `at` on. */
export function writeStatement({ kind, from, runs }: Statement, view: DataView, at: number): void {
  view.setUint32(KIND_AT, KINDS.indexOf(kind), true);
  view.setUint32(COUNT_AT, runs.length, true);
  view.setUint32(FROM_AT, from, true);
  for (const [index, { first, last }] of runs.entries()) {
    view.setUint32(at + index * RUN_BYTES, first, true);
    view.setUint32(at + index * RUN_BYTES + 4, last, true);
  }
}

/** Bytes that the frame header at `at` says its statement has; Infinity if no statement has. */
export function statedBytes(view: DataView, at: number): number {
  const count = view.getUint32(at + COUNT_AT, true);
  return count > RUNS_MAX ? Infinity : count * RUN_BYTES;
}

/** The statement of the sound frame header at `at`, whose runs begin at `runsAt`. */
export function readStatement(view: DataView, at: number, runsAt: number): Statement | undefined {
  const kind = KINDS[view.getUint32(at + KIND_AT, true)];
  if (kind === undefined) return undefined;
  const runs = Array.from({ length: view.getUint32(at + COUNT_AT, true) }, (_, index) => ({
    first: view.getUint32(runsAt + index * RUN_BYTES, true),
    last: view.getUint32(runsAt + index * RUN_BYTES + 4, true),
  }));
  return { kind, from: view.getUint32(at + FROM_AT, true), runs };
}
