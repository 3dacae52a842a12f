/* Chain: bytes that do not fit in one piece with their record: blocks, linked both ways.
 *
 *   block:  | next u32 | previous u32 | bytes ... |
 *
 * Before the first block and behind the last one stands the mark of the owner, its address and a
 * bit that says what it is: so whoever has a block finds, at both ends, what points at the chain.
 * Every block but the last holds BLOCK_BODY bytes. Long bodies (job.ts) and long failure messages
 * (failure.ts) are chains.
 */
import { BLOCK_BODY } from "./layouts";
import { BLOCKS, give, take } from "./memory";

/** What the owner of a chain has of it; zeros when no block is there yet. */
@unmanaged
export class Chain {
  first: u32;
  last: u32;
}

@unmanaged
export class Block {
  next: u32;
  previous: u32;
}

export const BLOCK_HEADER: u32 = offsetof<Block>();
/** Bits of a mark; records are 8-aligned. */
export const OF_JOB: u32 = 1;
export const OF_FAILURE: u32 = 2;
export const MARK_BITS: u32 = 7;

export function blockAt(address: u32): Block {
  return changetype<Block>(<usize>address);
}

/** Whether a link leads to a block: neither to the end of a chain nor to nothing. */
export function isBlock(link: u32): bool {
  return link != 0 && (link & MARK_BITS) == 0;
}

/**
 * Adds `count` bytes at `source` to a chain of the owner `mark` that is to have `whole` bytes and
 * has `position`; returns how many: fewer when memory runs out.
 */
export function append(
  chain: Chain,
  mark: u32,
  whole: u32,
  position: u32,
  source: usize,
  count: u32,
  vital: bool,
): u32 {
  let left = count;
  while (left > 0) {
    const inBlock = position % BLOCK_BODY;
    if (inBlock == 0 && !addBlock(chain, mark, min(BLOCK_BODY, whole - position), vital)) break;
    const step = min(left, BLOCK_BODY - inBlock);
    memory.copy(<usize>chain.last + BLOCK_HEADER + inBlock, source, step);
    position += step;
    source += step;
    left -= step;
  }
  return count - left;
}

/** Hangs a block for `bytes` on at the end. */
function addBlock(chain: Chain, mark: u32, bytes: u32, vital: bool): bool {
  const at = take(BLOCKS, BLOCK_HEADER + bytes, vital);
  if (at == 0) return false;
  const last = chain.last;
  blockAt(at).next = mark;
  blockAt(at).previous = last == 0 ? mark : last;
  if (last == 0) chain.first = at;
  else blockAt(last).next = at;
  chain.last = at;
  return true;
}

/** Frees all blocks. */
export function freeBlocks(chain: Chain): void {
  let at = chain.first;
  while (isBlock(at)) {
    const following = blockAt(at).next;
    give(at);
    at = following;
  }
}

/** The owner has another address: the ends of its chain say so. */
export function markEnds(chain: Chain, mark: u32): void {
  if (chain.first == 0) return;
  blockAt(chain.first).previous = mark;
  blockAt(chain.last).next = mark;
}

/**
 * Copies `count` bytes from `position` on to `target`. `block` holds byte `position`. Returns the
 * block that holds the byte behind them, or what is not one.
 */
export function copyOut(block: u32, position: u32, target: usize, count: u32): u32 {
  let left = count;
  while (left > 0) {
    const inBlock = position % BLOCK_BODY;
    const step = min(left, BLOCK_BODY - inBlock);
    memory.copy(target, <usize>block + BLOCK_HEADER + inBlock, step);
    position += step;
    target += step;
    left -= step;
    if (position % BLOCK_BODY == 0) block = blockAt(block).next;
  }
  return block;
}
