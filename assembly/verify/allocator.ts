/* Allocator: that each page is free, a table's, or cut into slots, and each slot used or free.
 *
 * The other walks say of each piece that they meet that it is live (`live`). The marks lie in the
 * slots of the thread that verifies: a byte and a count of two bytes for each page.
 */
import { PAGE_BYTES } from "../constants";
import { firstPage, isOfKind, JOBS, looseBytes, Page, PAGE_HEADER, roundUp } from "../memory";
import {
  CLASSES_MAX,
  inputSlot,
  jobs,
  listAt,
  namesTable,
  LISTS,
  outputSlot,
  shard,
  Table,
  tubesByName,
  watches,
} from "../shard";
import { headAt, heads } from "../table";
import { expect, whole } from "./findings";
import {
  PAGE_LISTS,
  PAGE_SLOTS,
  PAGES_COUNT,
  PAGES_FREE,
  SLOT_BYTES,
  SLOT_COUNT,
  SLOT_MISPLACED,
  SWEEP_PLACE,
} from "./invariants";

const MARK_FREE: u8 = 1;
const MARK_HEADS: u8 = 2;
/** Live slots are counted up to here: the counts fill an input slot. */
const PAGES_COUNTED: u32 = 32768;

/** Whether slots are counted. */
let counting: bool = false;
/** Where they are counted: a byte for each page. */
let pageMarks: usize = 0;
/** Two bytes for each page: its live slots. */
let liveSlots: usize = 0;

/** Begins anew, in the slots of thread `t`; slots are counted if `deep`. */
export function beginPages(t: u32, deep: bool): void {
  counting = deep && shard().topPage <= PAGES_COUNTED;
  pageMarks = outputSlot(t);
  liveSlots = inputSlot(t);
  if (counting) markPages();
}

/** Whether slots are counted. */
export function isCounting(): bool {
  return counting;
}

/** Whether a page is cut into slots of a kind. */
export function isCutFor(page: u32, list: u32): bool {
  return load<u8>(pageMarks + page) == 0 && kindOf(pageAt(page)) == list;
}

export function pageAt(page: u32): Page {
  return changetype<Page>((<usize>page) << 16);
}

/** Marks `page`, which must be one of the allocator's that nothing else claims. */
function mark(page: u32, as: u8, invariant: i32): void {
  expect(page >= firstPage() && page < shard().topPage, invariant);
  if (!whole()) return;
  expect(load<u8>(pageMarks + page) == 0, invariant);
  store<u8>(pageMarks + page, as);
}

/** Marks free pages and the pages of tables: what is left is cut into slots. */
function markPages(): void {
  const s = shard();
  memory.fill(pageMarks, 0, s.topPage);
  memory.fill(liveSlots, 0, s.topPage << 1);
  let free: u32 = 0;
  for (let at = s.freePages; at != 0 && whole(); at = load<u32>(at)) {
    mark(at >> 16, MARK_FREE, PAGES_FREE);
    free++;
  }
  expect(firstPage() + s.usedPages + free == s.topPage, PAGES_COUNT);
  expect(s.topPage <= s.endPage && s.endPage <= <u32>memory.size(), PAGES_COUNT);
  if (s.idsPage != 0) mark(s.idsPage >> 16, MARK_HEADS, PAGES_COUNT);
  markHeads(jobs());
  markHeads(tubesByName());
  markHeads(watches());
  if (namesTable().directory == 0) return;
  mark(namesTable().directory >> 16, MARK_HEADS, PAGES_COUNT);
  markHeads(namesTable());
}

function markHeads(table: Table): void {
  const n = heads(table);
  for (let b: u32 = 0; b < n && whole(); b += PAGE_BYTES >> 2) {
    mark(<u32>(headAt(table, b) >> 16), MARK_HEADS, PAGES_COUNT);
  }
}

/** Counts a slot that is in use for a record of `bytes` of a kind. */
export function live(kind: u32, at: u32, bytes: u32): void {
  if (!counting || !whole()) return;
  const page = at >> 16;
  expect(page >= firstPage() && page < shard().topPage, SLOT_MISPLACED);
  if (!whole()) return;
  expect(load<u8>(pageMarks + page) == 0, SLOT_MISPLACED);
  const size = <u32>pageAt(page).slotBytes;
  const offset = at & (PAGE_BYTES - 1);
  expect(isOfKind(at, kind, bytes) && size == roundUp(bytes), SLOT_MISPLACED);
  expect(offset >= PAGE_HEADER && (offset - PAGE_HEADER) % size == 0, SLOT_MISPLACED);
  expect(offset < pageAt(page).bump, SLOT_MISPLACED);
  const counter = liveSlots + ((<usize>page) << 1);
  store<u16>(counter, load<u16>(counter) + 1);
}

/**
 * Checks every page that is cut into slots; returns how many slots are in use that no walk reached.
 */
export function checkPages(): u32 {
  let hidden: u32 = 0;
  let open: u32 = 0;
  let slabs: u32 = 0;
  let bytes: u32 = 0;
  for (let page = firstPage(); page < shard().topPage && whole(); ++page) {
    if (load<u8>(pageMarks + page) != 0) continue;
    const reached = <u32>load<u16>(liveSlots + ((<usize>page) << 1));
    expect(reached <= pageAt(page).used, SLOT_COUNT);
    hidden += pageAt(page).used - reached;
    slabs++;
    bytes += pageAt(page).used * <u32>pageAt(page).slotBytes;
    if (checkSlots(pageAt(page))) open++;
  }
  for (let number: u32 = 0; number < LISTS && whole(); ++number) open -= checkPageList(number);
  expect(open == 0, PAGE_LISTS);
  expect(shard().slabPages == slabs && shard().slotBytes == bytes, SLOT_BYTES);
  checkSweep();
  return hidden;
}

/** Checks the slots of a page; whether it has a free one. */
function checkSlots(page: Page): bool {
  expect(page.list < LISTS, PAGE_SLOTS);
  if (!whole()) return false;
  const size = <u32>page.slotBytes;
  expect(size == roundUp(size) && isOfKind(pageStart(page), kindOf(page), size), PAGE_SLOTS);
  if (!whole()) return false;
  expect(<u32>page.slots == (PAGE_BYTES - PAGE_HEADER) / size, PAGE_SLOTS);
  const cut = (page.bump - PAGE_HEADER) / size;
  expect((page.bump - PAGE_HEADER) % size == 0 && page.bump <= PAGE_BYTES, PAGE_SLOTS);
  let free: u32 = 0;
  for (let slot = page.free; slot != 0 && whole(); slot = load<u32>(slot)) {
    const offset = slot - pageStart(page);
    expect(offset >= PAGE_HEADER && offset < page.bump, PAGE_SLOTS);
    expect((offset - PAGE_HEADER) % size == 0 && ++free <= cut, PAGE_SLOTS);
  }
  expect(page.used + free == cut, PAGE_SLOTS);
  return page.free != 0 || page.bump + size <= PAGE_BYTES;
}

export function pageStart(page: Page): u32 {
  return <u32>changetype<usize>(page);
}

export function kindOf(page: Page): u32 {
  return page.list & ~(CLASSES_MAX - 1);
}

/**
 * Checks the ring of the pages of list `number`, which have a free slot each; returns how many
 * there are. Only a page that is alone may have no piece: all others go back.
 */
function checkPageList(number: u32): u32 {
  const list = listAt(number);
  expect((list.front == 0) == (list.pages == 0), PAGE_LISTS);
  let count: u32 = 0;
  let at = list.front;
  while (at != 0 && whole()) {
    const page = changetype<Page>(<usize>at);
    expect(load<u8>(pageMarks + (at >> 16)) == 0, PAGE_LISTS);
    if (!whole()) return 0;
    expect(page.list == number && page.used < <u32>page.slots, PAGE_LISTS);
    expect(page.used != 0 || list.pages == 1, PAGE_LISTS);
    expect(changetype<Page>(<usize>page.next).prev == at && ++count <= list.pages, PAGE_LISTS);
    at = page.next == list.front ? 0 : page.next;
  }
  expect(count == list.pages, PAGE_LISTS);
  return count;
}

/** Where the sweep is, and what came loose. */
function checkSweep(): void {
  const s = shard();
  expect(s.sweepList >= JOBS && s.sweepList <= LISTS, SWEEP_PLACE);
  expect(looseBytes() == s.slabPages * PAGE_BYTES - s.slotBytes, SWEEP_PLACE);
}
