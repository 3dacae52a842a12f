/* Messages: the chains of long messages, and of long bodies. */
import { BLOCK_HEADER, Chain, OF_FAILURE, blockAt, isBlock } from "../chain";
import { Failure, addressOfFailure, isChained, messageChain } from "../failure";
import { BLOCK_BODY } from "../layouts";
import { BLOCKS } from "../memory";
import { live } from "./allocator";
import { expect, whole } from "./findings";
import { CHAIN_LINKS, FAILURE_MESSAGE } from "./invariants";

/** Checks a long message. */
export function checkMessage(failure: Failure): void {
  expect(failure.hasMessage != 0 || failure.bytes == 0, FAILURE_MESSAGE);
  if (!isChained(failure)) return;
  const mark = addressOfFailure(failure) | OF_FAILURE;
  checkChain(messageChain(failure), mark, failure.bytes, FAILURE_MESSAGE);
}

/** Checks a chain: as many blocks as `bytes` take, linked both ways, both ends known. */
export function checkChain(chain: Chain, mark: u32, bytes: u32, invariant: i32): void {
  let left = bytes;
  let last: u32 = 0;
  let at = chain.first;
  for (; isBlock(at) && whole(); at = blockAt(at).next) {
    expect(left > 0, invariant);
    expect(blockAt(at).previous == (last == 0 ? mark : last), CHAIN_LINKS);
    const share = min(left, BLOCK_BODY);
    live(BLOCKS, at, BLOCK_HEADER + share);
    left -= share;
    last = at;
  }
  expect(left == 0 && chain.last == last, invariant);
  expect(at == mark, CHAIN_LINKS);
}
