/* Memory: the shard's allocator. Slabs: a page of 64 KiB is cut into slots of one size.
 *
 *   page:  | used u32 | bump u32 | free u32 | next u32 | prev u32 | list u32
 *          | slotBytes u16 | slots u16 | pass u32 | slot | slot | ...
 *
 * `free` is a list of slots given back, `bump` the offset of the first slot never given out. A page
 * has pieces of one kind and one size class only; while it has a free slot it stands in the ring of
 * its kind and class. A page whose last slot came back goes to the free pages at once, so that any
 * kind and class can have it. Pages in which few pieces are left are emptied by moving these
 * (sweep.ts), for which every kind says what points at a piece. Never more than 4,080 bytes in one
 * piece: longer bodies are chains of blocks.
 *
 * Allocations are ordinary or vital. Ordinary ones are for what a client adds (jobs, bodies): they
 * stay inside the budget and may be refused. Vital ones are for what draining and bookkeeping need:
 * they may exceed the budget, because the jobs, tubes and connections that exist bound them. So the
 * budget still bounds the whole. Bodies that come back have the last pages for themselves: where a
 * memory cannot grow any more and has no others left, nothing ordinary is given, not even a slot of
 * an open page, which may be a body's. The budget counts pages in use, not those that the memory
 * has: it goes from shard to shard (src/engine/page-budget.ts).
 */
import { JOURNAL_BYTES, PAGE_BYTES, THREADS_BASE, THREAD_BYTES } from "./constants";
import { CLASSES_MAX, LISTS, listAt, must, shard } from "./shard";
import { PIECE_MAX } from "./layouts";

@unmanaged
export class Page {
  used: u32;
  bump: u32;
  free: u32;
  /** Neighbours in the ring of its list. */
  next: u32;
  prev: u32;
  /** Number of its list: kind and class. */
  list: u32;
  slotBytes: u16;
  /** How many slots it has room for. */
  slots: u16;
  /** The pass that found nothing to be moved out of it; see sweep.ts. */
  pass: u32;
}

/* Kinds of pieces: the numbers of their first lists. */

/** What others keep the addresses of: never moved. */
export const FIXED: u32 = 0;
export const JOBS: u32 = CLASSES_MAX;
export const COLDS: u32 = 2 * CLASSES_MAX;
export const FAILURES: u32 = 3 * CLASSES_MAX;
export const BLOCKS: u32 = 4 * CLASSES_MAX;

export const PAGE_HEADER: u32 = 32;
/** Pages by which the memory grows: 16 MiB, smaller steps only near the end of the budget. */
const GROWTH_PAGES: u32 = 256;
/** The engine's memory never exceeds what an import with a maximum of 65,536 pages allows. */
const PAGES_MAX: u32 = 65535;

/** Pages of a memory that cannot grow any more which only the vital may take: 16 MiB. */
const VITAL_PAGES: u32 = 256;
/**
 * The last pages, which only bodies take that come back, as long as some are away: 1 MiB. The
 * memory may have these beside what the budget allows.
 */
const BODY_PAGES: u32 = 16;

/**
 * The size class of a piece of `bytes`: 64 by 8 bytes up to 512, then 8 for each doubling up to
 * 4,096, 88 in all.
 */
function classOf(bytes: u32): u32 {
  if (bytes <= 512) return (bytes - 1) >> 3;
  const shift = 28 - clz<u32>(bytes - 1);
  return 64 + ((shift - 6) << 3) + (((bytes - 1) >> shift) - 8);
}

/** Bytes of a slot of class `c`. */
function bytesOfClass(c: u32): u32 {
  if (c < 64) return (c + 1) << 3;
  const shift = ((c - 64) >> 3) + 6;
  const bytes = (((c - 64) & 7) + 9) << shift;
  return bytes < PIECE_MAX ? bytes : PIECE_MAX;
}

/** Bytes that a piece of `bytes` really takes. */
export function roundUp(bytes: u32): u32 {
  return bytesOfClass(classOf(bytes));
}

export function pageAt(address: u32): Page {
  return changetype<Page>(<usize>address);
}

function addressOfPage(page: Page): u32 {
  return <u32>changetype<usize>(page);
}

/* Pages. */

/**
 * The first page that is the allocator's: those before it hold the header, the threads' areas and
 * the journal.
 */
export function firstPage(): u32 {
  const s = shard();
  const journal = s.ringBytes == 0 ? 0 : JOURNAL_BYTES + <u32>s.ringBytes;
  return (THREADS_BASE + s.threads * THREAD_BYTES + journal) >> 16;
}

/** Most pages that a budget can have any use for. Above them are those that the vital has. */
export function pagesMax(): u32 {
  return PAGES_MAX - VITAL_PAGES - firstPage();
}

function grow(vital: bool): bool {
  const s = shard();
  const limit = vital ? PAGES_MAX : firstPage() + min(s.budgetPages, pagesMax());
  return s.endPage < limit && growBy(min(GROWTH_PAGES, limit - s.endPage));
}

function growBy(pages: u32): bool {
  const s = shard();
  const grows = s.endPage + pages <= PAGES_MAX && memory.grow(pages) >= 0;
  if (grows) s.endPage += pages;
  s.cannotGrow = grows ? 0 : 1;
  return grows;
}

/** Whether there are no more free pages than those with which bodies come back that are away. */
function isLow(): bool {
  const s = shard();
  return s.awayJobs != 0 && s.endPage - firstPage() - s.usedPages <= BODY_PAGES;
}

/**
 * Whether the last pages are all that can be had. Nothing but bodies gets one, and nothing ordinary
 * a slot, so that nobody waits for a body for ever.
 */
export function isTight(): bool {
  return shard().cannotGrow != 0 && isLow();
}

/** A whole page, its content undefined, or 0 when there is none to be had. */
export function takePage(vital: bool): u32 {
  const s = shard();
  // The budget is what counts, not what there is: growing for something vital leaves pages above
  // it, and those stay for the vital.
  if (!vital && s.usedPages >= min(s.budgetPages, pagesMax())) return 0;
  // The last pages are there before they are needed: whether a memory grows shows when it is to.
  if (isLow() && !grow(vital) && !growBy(BODY_PAGES) && s.isForBodies == 0) return 0;
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

/** Bytes of the slots that are free in pages cut into slots. */
export function looseBytes(): u32 {
  const s = shard();
  return s.slabPages * PAGE_BYTES - s.slotBytes;
}

/* The rings. The list knows the page that slots are taken from. */

/** Puts a page into its ring, in front: the next slots come from it. */
export function link(page: Page): void {
  const list = listAt(page.list);
  const at = addressOfPage(page);
  const front = list.front;
  if (front == 0) {
    page.next = at;
    page.prev = at;
  } else {
    const last = pageAt(front).prev;
    page.next = front;
    page.prev = last;
    pageAt(front).prev = at;
    pageAt(last).next = at;
  }
  list.front = at;
  list.pages++;
}

/** Takes a page out of its ring. */
export function unlink(page: Page): void {
  const list = listAt(page.list);
  const at = addressOfPage(page);
  list.pages--;
  if (list.pages == 0) {
    list.front = 0;
    return;
  }
  pageAt(page.prev).next = page.next;
  pageAt(page.next).prev = page.prev;
  if (list.front == at) list.front = page.next;
}

function openPage(number: u32, size: u32, vital: bool): u32 {
  const at = takePage(vital);
  if (at == 0) return 0;
  const page = pageAt(at);
  page.used = 0;
  page.bump = PAGE_HEADER;
  page.free = 0;
  page.list = number;
  page.slotBytes = <u16>size;
  page.slots = <u16>((PAGE_BYTES - PAGE_HEADER) / size);
  page.pass = 0;
  shard().slabPages++;
  link(page);
  return at;
}

/** Gives back a page that has no piece and stands in no ring. */
export function closePage(page: Page): void {
  must(page.used == 0);
  shard().slabPages--;
  givePage(addressOfPage(page));
}

/** Gives back the pages without a piece that stayed open: for when somebody needs the memory. */
export function closeEmptyPages(): void {
  for (let number: u32 = 0; number < LISTS; ++number) {
    const front = listAt(number).front;
    if (front == 0 || pageAt(front).used != 0) continue;
    unlink(pageAt(front)); // it is the only one: `give` closes all others
    closePage(pageAt(front));
  }
}

/* Pieces. */

/**
 * A piece of at least `bytes` (1..PIECE_MAX) of a kind, 8-aligned, its content undefined; 0 when
 * there is no memory.
 */
export function take(kind: u32, bytes: u32, vital: bool): u32 {
  must(bytes - 1 < PIECE_MAX);
  if (!vital && isTight() && !grow(false)) return 0;
  const c = classOf(bytes);
  let at = listAt(kind + c).front;
  if (at == 0) {
    at = openPage(kind + c, bytesOfClass(c), vital);
    if (at == 0) return 0;
  }
  return takeSlot(pageAt(at));
}

/** A slot of list `number` in a page that is open already, or 0. */
export function takeOpen(number: u32): u32 {
  const at = listAt(number).front;
  return at == 0 ? 0 : takeSlot(pageAt(at));
}

function takeSlot(page: Page): u32 {
  const size = <u32>page.slotBytes;
  let slot = page.free;
  if (slot != 0) {
    page.free = load<u32>(slot);
  } else {
    slot = addressOfPage(page) + page.bump;
    page.bump += size;
  }
  page.used++;
  shard().slotBytes += size;
  if (page.used == <u32>page.slots) unlink(page); // full now
  return slot;
}

/** Gives a piece back. */
export function give(slot: u32): void {
  const page = pageAt(slot & ~(PAGE_BYTES - 1));
  must(page.list < LISTS && page.used > 0);
  const wasFull = page.used == <u32>page.slots;
  drop(page, slot);
  if (wasFull) reopen(page);
  if (page.used != 0) return;
  // The last page of a list stays open while it is the only one: a queue that hovers around empty
  // costs no page traffic.
  if (listAt(page.list).pages != 1) {
    unlink(page);
    closePage(page);
  } else {
    page.free = 0;
    page.bump = PAGE_HEADER;
  }
}

/** A page that was full has a free slot again; an empty one was only kept for want of it. */
function reopen(page: Page): void {
  const front = listAt(page.list).front;
  link(page);
  if (front == 0 || pageAt(front).used != 0) return;
  unlink(pageAt(front));
  closePage(pageAt(front));
}

/** Gives a slot back to its page, and no more. */
export function drop(page: Page, slot: u32): void {
  store<u32>(slot, page.free);
  page.free = slot;
  page.used--;
  shard().slotBytes -= <u32>page.slotBytes;
}

/** Whether the piece at `slot` is of a kind that this page has; see verify.ts. */
export function isOfKind(slot: u32, kind: u32, bytes: u32): bool {
  return pageAt(slot & ~(PAGE_BYTES - 1)).list == kind + classOf(bytes);
}
