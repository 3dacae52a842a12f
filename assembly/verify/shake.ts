/* Shake: moves whatever may be moved, as the sweep does with few, so that tests see moved pieces.
 */
import { CODE_MASK } from "../constants";
import { firstPage, give, Page, PAGE_HEADER, take } from "../memory";
import { mayMove, move } from "../moving";
import { CLASSES_MAX, enter, leave, shard } from "../shard";
import { isMarked, markFree } from "../sweep";
import { beginPages, isCutFor, kindOf, pageAt, pageStart } from "./allocator";
import { firstBroken, reset, whole } from "./findings";

/**
 * Moves every piece of `kind`, 1 jobs to 4 blocks, that may be moved, wherever it lies: what the
 * sweep does with few. The slots of thread `t` are overwritten.
 */
export function shake(t: u32, kind: u32): i32 {
  enter();
  reset();
  beginPages(t, true);
  const top = shard().topPage;
  for (let page = firstPage(); page < top && whole(); ++page) {
    if (isCutFor(page, kind * CLASSES_MAX)) shakePage(pageAt(page));
  }
  return leave(t, firstBroken()) & CODE_MASK;
}

function shakePage(page: Page): void {
  const kind = kindOf(page);
  const size = <u32>page.slotBytes;
  const first = pageStart(page) + PAGE_HEADER;
  const end = pageStart(page) + page.bump;
  markFree(page, first, size);
  for (let i: u32 = 0, slot = first; slot < end; ++i, slot += size) {
    if (isMarked(i) || !mayMove(kind, slot)) continue;
    const to = take(kind, size, true);
    if (to == 0) return;
    move(kind, slot, to, size);
    give(slot);
  }
}
