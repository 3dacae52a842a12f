/* Shard: what the header says, beside what the walks over tubes and connections found. */
import { blockAt, isBlock } from "../chain";
import { BLOCK_BODY } from "../layouts";
import { CONN_MINOR, connAt } from "../conn";
import { NEVER_MICROS, STATE_GONE, STATE_UPLOADING } from "../constants";
import { chainOf, jobAt } from "../job";
import { nodeAt } from "../node";
import { jobs, shard } from "../shard";
import { findJob } from "../states";
import { TERMS_MINOR } from "../terms";
import { timersRoot } from "../timers";
import * as tree from "../tree";
import { tubeAt } from "../tube";
import { checkConn } from "./conns";
import { expect, Sums, whole } from "./findings";
import {
  AWAY_COUNTS,
  SHARD_COUNTS,
  SHARD_CURSOR,
  SHARD_NEXT_DUE,
  SHARD_TIMERS,
} from "./invariants";
import { checkTree } from "./trees";

export function checkShard(): void {
  const s = shard();
  expect(
    s.urgent == Sums.urgent && s.ready == Sums.ready && s.reserved == Sums.reserved,
    SHARD_COUNTS,
  );
  expect(s.delayed == Sums.delayed && s.buried == Sums.buried, SHARD_COUNTS);
  expect(s.failuresKept == Sums.failures, SHARD_COUNTS);
  expect(jobs().count == Sums.ready + Sums.reserved + Sums.delayed + Sums.buried, SHARD_COUNTS);
  // Uploads are in memory, too.
  expect(s.awayJobs == Sums.away && s.cameBytes == Sums.came, AWAY_COUNTS);
  expect(s.residentBytes >= Sums.resident, AWAY_COUNTS);
  const first = tree.first(timersRoot());
  expect(s.nextDue == (first == 0 ? NEVER_MICROS : <f64>nodeAt(first).major), SHARD_NEXT_DUE);
  checkTree(timersRoot());
  let tubes: u32 = 0;
  for (let at = first; at != 0 && whole(); at = tree.next(at)) {
    if (nodeAt(at).minor == TERMS_MINOR) {
      expect(s.termsTimed == 1, SHARD_TIMERS);
      continue;
    }
    const isConn = nodeAt(at).minor == CONN_MINOR;
    expect((isConn ? connAt(at).timed : tubeAt(at).timed) == 1, SHARD_TIMERS);
    if (isConn) checkConn(connAt(at));
    else tubes++;
  }
  expect(tubes == Sums.timedTubes, SHARD_TIMERS);
  if (s.cursorJob == 0 || !whole()) return;
  const state = jobAt(s.cursorJob).state;
  const isNoJob = state == STATE_UPLOADING || state == STATE_GONE;
  expect(isNoJob || findJob(jobAt(s.cursorJob).minor) == s.cursorJob, SHARD_CURSOR);
  let block = chainOf(jobAt(s.cursorJob)).first;
  for (let passed: u32 = 0; passed < s.cursorBytes && isBlock(block); passed += BLOCK_BODY) {
    block = blockAt(block).next;
  }
  expect(block == s.cursorBlock, SHARD_CURSOR);
}
