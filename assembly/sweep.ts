/* Sweep: emptying sparse pages, so that few survivors of many jobs do not keep the memory of all.
 *
 * A page in which at most three quarters of the slots are in use is emptied by moving its pieces to
 * free slots of other pages of its list; then any kind and class can have it. A step is bounded: it
 * looks at LOOKS pages, or moves MOVES pieces. A pass goes through all lists; a list is done when
 * it has one page, or none that is sparse. The next pass begins when so much has come loose since
 * that it pays, whoever asks: so a shard that is full costs next to nothing to ask.
 *
 * Called when memory was refused (src/engine/page-budget.ts), never before: deleting costs nothing
 * for it.
 */
import { DONE, MORE, NONE, PAGE_BYTES } from "./constants";
import { CLASSES_MAX, LISTS, SLOT_MARKS_BYTES, listAt, shard, slotMarks } from "./shard";
import { JOBS, PAGE_HEADER, Page, closePage, drop, link, looseBytes } from "./memory";
import { pageAt, takeOpen, unlink } from "./memory";
import { mayMove, move } from "./moving";

/** Most pages that one step looks at. */
const LOOKS: u32 = 32;
/** Most pieces that one step moves: some tens of microseconds. */
const MOVES: u32 = 64;
/** A pass pays when a 64th of what is cut into slots, and a page at least, came loose. */
const SLACK_SHIFT: u32 = 6;

/**
 * One step: DONE when it made a page free, MORE when it is worth going on, NONE when there is
 * nothing to be gained.
 */
export function step(): i32 {
  const s = shard();
  const loose = looseBytes();
  const slack = max<u64>(PAGE_BYTES, (<u64>s.slabPages * PAGE_BYTES) >> SLACK_SHIFT);
  if (<u64>loose >= <u64>s.sweptBytes + slack) beginPass(loose);
  const answer = goOn();
  s.sweptBytes = min(s.sweptBytes, looseBytes());
  return answer;
}

function beginPass(loose: u32): void {
  const s = shard();
  s.sweepPass++;
  s.sweepList = JOBS; // what lies before is never moved
  s.sweepLeft = listAt(JOBS).pages;
  s.sweptBytes = loose;
}

function goOn(): i32 {
  const s = shard();
  while (s.sweepList < LISTS) {
    const list = listAt(s.sweepList);
    if (list.pages < 2 || s.sweepLeft == 0) {
      s.sweepList++;
      s.sweepLeft = s.sweepList < LISTS ? listAt(s.sweepList).pages : 0;
      continue;
    }
    const victim = sparsest();
    return victim != 0 && empty(pageAt(victim)) ? DONE : MORE;
  }
  return NONE;
}

/**
 * The sparsest of the next LOOKS pages of the list, if it is sparse; 0 when none is, and then the
 * next step looks at others.
 */
function sparsest(): u32 {
  const s = shard();
  const list = listAt(s.sweepList);
  const looks = min(LOOKS, list.pages);
  let found: u32 = 0;
  let at = list.front;
  for (let i: u32 = 0; i < looks; ++i) {
    const page = pageAt(at);
    const isSparse = page.used <= (<u32>page.slots * 3) >> 2 && page.pass != s.sweepPass;
    if (isSparse && (found == 0 || page.used < pageAt(found).used)) found = at;
    at = page.next;
  }
  if (found != 0) return found;
  list.front = at;
  s.sweepLeft -= min(s.sweepLeft, looks);
  return 0;
}

/** Moves pieces out of a page; whether the page is free now. */
function empty(page: Page): bool {
  const number = page.list;
  const kind = number & ~(CLASSES_MAX - 1);
  const size = <u32>page.slotBytes;
  const first = <u32>changetype<usize>(page) + PAGE_HEADER;
  const end = <u32>changetype<usize>(page) + page.bump;
  unlink(page); // nothing goes into it now
  markFree(page, first, size);
  let moves: u32 = 0;
  let slot = first;
  for (let i: u32 = 0; slot < end && moves < MOVES; ++i, slot += size) {
    if (isMarked(i) || !mayMove(kind, slot)) continue;
    const to = takeOpen(number);
    if (to == 0) break;
    move(kind, slot, to, size);
    drop(page, slot);
    moves++;
  }
  if (page.used == 0) {
    closePage(page);
    return true;
  }
  if (slot >= end) page.pass = shard().sweepPass; // what is left of it stays
  link(page);
  return false;
}

/* Which slots of a page are free. */

export function markFree(page: Page, first: u32, size: u32): void {
  memory.fill(slotMarks(), 0, SLOT_MARKS_BYTES);
  for (let slot = page.free; slot != 0; slot = load<u32>(slot)) {
    const i = (slot - first) / size;
    const at = slotMarks() + (i >> 3);
    const bit: u32 = 1 << (i & 7);
    store<u8>(at, load<u8>(at) | <u8>bit);
  }
}

export function isMarked(i: u32): bool {
  return ((load<u8>(slotMarks() + (i >> 3)) >> (i & 7)) & 1) != 0;
}
