/* Notes: what a connection is to be told that it did not ask for: which of its leases ended without
 * its doing, and which of its jobs were cancelled.
 *
 * Only of a connection that asked to be told: any other has no Notes, and costs a look at a field.
 * A note is made under the lock by whatever ends the lease, and written by the thread of the
 * connection, which is called for as for a grant: at the beginning of a run, in front of the jobs
 * of a window, or by `takeNotes`.
 *
 * Invariant: making a note never fails. For each lease that a connection has, and for one that it
 * may be given, NOTES_PER_LEASE notes lie ready; whoever is about to give it a job, or has it wait
 * for one, asks before whether they do (`mayHold`), and does not where there is no memory for them.
 * A connection with notes that it was not told is given no job: it hears that a job is lost before
 * it gets the job again.
 */
import { NONE, NOTED, OUT_OF_MEMORY } from "./constants";
import { CALL_NOTE, Conn, call, connAt, uncall } from "./conn";
import { GRANTED, Job } from "./job";
import { LINE_ROOM, Lines, writeCrlf, writeNumber, writeWord } from "./lines";
import { FIXED, give, take } from "./memory";
import { must, wake } from "./shard";

/** What a connection is to be told, and the memory for more. */
@unmanaged
export class Notes {
  /** Those to be told, first come first told. */
  first: u32;
  last: u32;
  /** Those that lie ready. */
  spare: u32;
  spares: u32;
  /** How many of those to be told are NOTE_LOST. */
  losses: u32;
}

@unmanaged
export class Note {
  next: u32;
  /** NOTE_*. */
  kind: u32;
  id: u64;
}

/** The lease of job `id` ended. */
export const NOTE_LOST: u32 = 1;
/** Job `id`, which is held, was cancelled. */
export const NOTE_CANCEL: u32 = 2;
/** What a connection may hear of one lease. */
export const NOTES_PER_LEASE: u32 = 2;
/** Notes beyond those that lie ready that are kept for the next leases. */
const SPARES_KEPT: u32 = 64;

const LOST_: u64 = 0x2054534f4c; // "LOST "
const CANCEL_: u64 = 0x204c45434e4143; // "CANCEL "

export function notesAt(address: u32): Notes {
  return changetype<Notes>(<usize>address);
}

export function noteAt(address: u32): Note {
  return changetype<Note>(<usize>address);
}

/** From now on `conn` is told; false when there is no memory for that. */
export function openNotes(conn: Conn): bool {
  if (conn.notes == 0) {
    conn.notes = take(FIXED, offsetof<Notes>(), true);
    if (conn.notes == 0) return false;
    memory.fill(conn.notes, 0, offsetof<Notes>());
  }
  return mayHold(conn);
}

/** Frees what `conn` has of notes, at most `most` of them; returns how many it did not. */
export function closeNotes(conn: Conn, most: u32): u32 {
  if (conn.notes == 0) return most;
  const notes = notesAt(conn.notes);
  let left = most;
  while (left > 0 && notes.first != 0) {
    const at = notes.first;
    unlink(notes);
    give(at);
    left--;
  }
  while (left > 0 && notes.spare != 0) {
    dropSpare(notes);
    left--;
  }
  if (left == 0) return 0;
  give(conn.notes);
  conn.notes = 0;
  return left;
}

/** The first of those to be told is one of them no more. */
function unlink(notes: Notes): void {
  const one = noteAt(notes.first);
  if (one.kind == NOTE_LOST) notes.losses--;
  notes.first = one.next;
}

function dropSpare(notes: Notes): void {
  const at = notes.spare;
  notes.spare = noteAt(at).next;
  notes.spares--;
  give(at);
}

function addSpare(notes: Notes, at: u32): void {
  noteAt(at).next = notes.spare;
  notes.spare = at;
  notes.spares++;
}

/**
 * Whether `conn`, which is told, may be given one more job, or wait for one: makes the notes lie
 * ready that it then needs.
 */
export function mayHold(conn: Conn): bool {
  const notes = notesAt(conn.notes);
  const leases = conn.heldCount + 1 + (conn.waiting == 0 ? 0 : 1);
  const need = leases * NOTES_PER_LEASE;
  while (notes.spares < need) {
    const at = take(FIXED, offsetof<Note>(), true);
    if (at == 0) return false;
    addSpare(notes, at);
  }
  if (notes.spares <= need + SPARES_KEPT) return true;
  for (let i: u32 = 0; i <= NOTES_PER_LEASE; ++i) dropSpare(notes);
  return true;
}

/** Whether `conn` has something to be told. */
export function arePending(conn: Conn): bool {
  return conn.notes != 0 && notesAt(conn.notes).first != 0;
}

/** How many leases `conn` has lost and was not told of. */
export function untoldLosses(conn: Conn): u32 {
  return conn.notes == 0 ? 0 : notesAt(conn.notes).losses;
}

/** What keeps `conn` from being given a job, or waiting for one: NOTED, OUT_OF_MEMORY, or NONE. */
export function hindrance(conn: Conn): i32 {
  if (conn.notes == 0) return NONE;
  if (notesAt(conn.notes).first != 0) return NOTED;
  return mayHold(conn) ? NONE : OUT_OF_MEMORY;
}

/**
 * A job is about to be held no longer, and not because its holder says so. Nobody hears of a grant
 * that was not collected.
 */
export function leaseEnds(job: Job): void {
  const conn = connAt(job.holder);
  if (conn.notes != 0 && (job.flags & GRANTED) == 0) note(conn, NOTE_LOST, job.minor);
}

/** A job that is held was cancelled, for the first time. */
export function holderHears(job: Job): void {
  const conn = connAt(job.holder);
  if (conn.notes != 0) note(conn, NOTE_CANCEL, job.minor);
}

function note(conn: Conn, kind: u32, id: u64): void {
  const notes = notesAt(conn.notes);
  const at = notes.spare;
  must(at != 0);
  notes.spare = noteAt(at).next;
  notes.spares--;
  noteAt(at).next = 0;
  noteAt(at).kind = kind;
  if (kind == NOTE_LOST) notes.losses++;
  noteAt(at).id = id;
  if (notes.first == 0) notes.first = at;
  else noteAt(notes.last).next = at;
  notes.last = at;
  call(conn, CALL_NOTE);
  wake(conn.thread);
}

/** Writes what `conn` is to be told, as much as there is room for; that much is told then. */
export function writeNotes(lines: Lines, conn: Conn): void {
  const notes = notesAt(conn.notes);
  while (notes.first != 0 && lines.out + LINE_ROOM <= lines.outEnd) {
    const at = notes.first;
    unlink(notes);
    writeNote(lines, noteAt(at));
    addSpare(notes, at);
  }
  if (notes.first == 0) uncall(conn, CALL_NOTE);
}

function writeNote(lines: Lines, one: Note): void {
  if (one.kind == NOTE_LOST) writeWord(lines, LOST_, 5);
  else writeWord(lines, CANCEL_, 7);
  writeNumber(lines, one.id);
  writeCrlf(lines);
}
