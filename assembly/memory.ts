/* Memory: the shard's allocator. Slabs: a page of 64 KiB is cut into slots of one size.
 *
 *   page:  | used u32 | bump u32 | free u32 | next u32 | prev u32 | class u32 | - | - | slot | slot | ...
 *
 * `free` is a list of slots given back, `bump` the offset of the first slot never given out. A page
 * that has a free slot stands in the list of its class; a page whose last slot came back goes to
 * the free pages at once, so that any class can have it: nothing stays behind when a tube of large
 * jobs is drained. Never more than 4,096 bytes in one piece: longer bodies are chains of blocks.
 *
 * Two kinds of asking. What a client adds (jobs, bodies) stays inside the budget and may be
 * refused. What draining and bookkeeping need (`vital`) may exceed it: it is bounded by the jobs,
 * tubes and connections that exist, so the budget still bounds the whole.
 */
import { JOURNAL_BYTES, PAGE_BYTES, THREADS_BASE, THREAD_BYTES } from "./constants";
import { CLASSES, classList, must, shard } from "./shard";

@unmanaged
export class Page {
  used: u32;
  bump: u32;
  free: u32;
  next: u32;
  prev: u32;
  class: u32;
}

export const PAGE_HEADER: u32 = 32;
/** Largest piece. */
export const PIECE_MAX: u32 = 4080;
/** Pages by which the memory grows: 16 MiB, smaller steps only near the end of the budget. */
const GROWTH_PAGES: u32 = 256;
/** The engine's memory never exceeds what an import with a maximum of 65,536 pages allows. */
const PAGES_MAX: u32 = 65535;

/** The size class of a piece of `bytes`; see CLASSES. */
function classOf(bytes: u32): u32 {
  if (bytes <= 512) return (bytes - 1) >> 3;
  const shift = 28 - clz<u32>(bytes - 1); // eight classes for each doubling
  return 64 + ((shift - 6) << 3) + (((bytes - 1) >> shift) - 8);
}

/** Bytes of a slot of class `c`. */
export function slotBytes(c: u32): u32 {
  if (c < 64) return (c + 1) << 3;
  const shift = ((c - 64) >> 3) + 6;
  const bytes = (((c - 64) & 7) + 9) << shift;
  return bytes < PIECE_MAX ? bytes : PIECE_MAX;
}

/** Bytes that a piece of `bytes` really takes. */
export function roundUp(bytes: u32): u32 {
  return slotBytes(classOf(bytes));
}

function grow(vital: bool): bool {
  const s = shard();
  const limit = vital ? PAGES_MAX : min(s.budgetPages, PAGES_MAX);
  if (s.endPage >= limit) return false;
  const step = min(GROWTH_PAGES, limit - s.endPage);
  if (memory.grow(step) < 0) return false;
  s.endPage += step;
  return true;
}

/**
 * The first page that is the allocator's: those before it hold the header, the threads' areas and
 * the journal.
 */
export function firstPage(): u32 {
  const s = shard();
  const journal = s.ringBytes == 0 ? 0 : JOURNAL_BYTES + <u32>s.ringBytes;
  return (THREADS_BASE + s.threads * THREAD_BYTES + journal) >> 16;
}

/**
 * Pages that are in use beyond the budget: taken for what is vital, and by recovery, which refuses
 * nothing.
 */
export function overdrawnPages(): u32 {
  const s = shard();
  const used = firstPage() + s.usedPages;
  return used > s.budgetPages ? used - s.budgetPages : 0;
}

/** A whole page, its content undefined, or 0 when there is none to be had. */
export function takePage(vital: bool): u32 {
  const s = shard();
  // The budget is what counts, not what there is: growing for something vital leaves pages above
  // it, and those stay for the vital.
  if (!vital && firstPage() + s.usedPages >= s.budgetPages) return 0;
  const page = s.freePages;
  if (page != 0) {
    s.freePages = load<u32>(page);
    s.usedPages++;
    return page;
  }
  if (s.topPage == s.endPage && !grow(vital)) return 0;
  s.usedPages++;
  return s.topPage++ << 16;
}

export function givePage(page: u32): void {
  const s = shard();
  must(s.usedPages > 0);
  store<u32>(page, s.freePages);
  s.freePages = page;
  s.usedPages--;
}

function link(page: Page, c: u32): void {
  const list = classList(c);
  const head = load<u32>(list);
  page.next = head;
  page.prev = 0;
  if (head != 0) changetype<Page>(head).prev = <u32>changetype<usize>(page);
  store<u32>(list, <u32>changetype<usize>(page));
}

function unlink(page: Page): void {
  if (page.prev != 0) changetype<Page>(page.prev).next = page.next;
  else store<u32>(classList(page.class), page.next);
  if (page.next != 0) changetype<Page>(page.next).prev = page.prev;
}

function openPage(c: u32, vital: bool): u32 {
  const at = takePage(vital);
  if (at == 0) return 0;
  const page = changetype<Page>(at);
  page.used = 0;
  page.bump = PAGE_HEADER;
  page.free = 0;
  page.class = c;
  link(page, c);
  return at;
}

/**
 * A piece of at least `bytes` (1..PIECE_MAX), 8-aligned, its content undefined; 0 when there is no
 * memory.
 */
export function take(bytes: u32, vital: bool): u32 {
  must(bytes - 1 < PIECE_MAX);
  const c = classOf(bytes);
  const size = slotBytes(c);
  let at = load<u32>(classList(c));
  if (at == 0) {
    at = openPage(c, vital);
    if (at == 0) return 0;
  }
  const page = changetype<Page>(at);
  let slot = page.free;
  if (slot != 0) {
    page.free = load<u32>(slot);
  } else {
    slot = at + page.bump;
    page.bump += size;
  }
  page.used++;
  if (page.free == 0 && page.bump + size > PAGE_BYTES) unlink(page); // full now
  return slot;
}

/** Gives a piece back. */
export function give(slot: u32): void {
  const at = slot & ~(PAGE_BYTES - 1);
  const page = changetype<Page>(at);
  must(page.class < CLASSES && page.used > 0);
  const size = slotBytes(page.class);
  const wasFull = page.free == 0 && page.bump + size > PAGE_BYTES;
  store<u32>(slot, page.free);
  page.free = slot;
  page.used--;
  if (wasFull) link(page, page.class);
  // The last page of a class stays open while it is the only one: a queue that hovers around empty
  // costs no page traffic.
  if (page.used == 0 && (page.next != 0 || page.prev != 0)) {
    unlink(page);
    givePage(at);
  } else if (page.used == 0) {
    page.free = 0;
    page.bump = PAGE_HEADER;
  }
}
