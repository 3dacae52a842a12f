/* Notes: what a connection is to be told, and the memory that lies ready for more. */
import { CALL_NOTE, Conn, firstHeld } from "../conn";
import { CANCELLED, jobAt } from "../job";
import { FIXED } from "../memory";
import { NOTES_PER_LEASE, NOTE_LOST, Note, Notes, noteAt, notesAt } from "../notes";
import * as tree from "../tree";
import { live } from "./allocator";
import { expect, whole } from "./findings";
import { CONN_NOTES } from "./invariants";

/** Checks the notes of `conn`: as many lie ready as its leases may need. */
export function checkNotes(conn: Conn): void {
  if (conn.notes == 0) {
    expect((conn.calling & CALL_NOTE) == 0, CONN_NOTES);
    return;
  }
  live(FIXED, conn.notes, offsetof<Notes>());
  const notes = notesAt(conn.notes);
  expect((conn.calling & CALL_NOTE) == 0 || notes.first != 0, CONN_NOTES);
  let last: u32 = 0;
  let losses: u32 = 0;
  for (let at = notes.first; at != 0 && whole(); at = noteAt(at).next) {
    live(FIXED, at, offsetof<Note>());
    expect(noteAt(at).kind - NOTE_LOST <= 1 && noteAt(at).id != 0, CONN_NOTES);
    if (noteAt(at).kind == NOTE_LOST) losses++;
    last = at;
  }
  expect((last == 0 || notes.last == last) && losses == notes.losses, CONN_NOTES);
  let cancelled: u32 = 0;
  for (let at = firstHeld(conn); at != 0; at = tree.next(at)) {
    if ((jobAt(at).flags & CANCELLED) != 0) cancelled++;
  }
  let spares: u32 = 0;
  for (let at = notes.spare; at != 0 && whole(); at = noteAt(at).next) {
    live(FIXED, at, offsetof<Note>());
    spares++;
  }
  // One that was cancelled has had its first note already.
  const leases = conn.heldCount + (conn.waiting == 0 ? 0 : 1);
  expect(spares == notes.spares && spares + cancelled >= leases * NOTES_PER_LEASE, CONN_NOTES);
}
