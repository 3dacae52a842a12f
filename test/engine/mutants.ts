/* Mutants: the engine with one fault planted, to show that walks and `verify` find such faults.
 *
 * A mutant is a piece of the sources and what stands there instead. It is compiled from a copy of
 * assembly/ and must go wrong on some walk, within a bounded number of them. `node
 * test/engine/mutants.ts` tries all; the tests try a few.
 */
import { execFile } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MutantWalker } from "./mutant-walker.ts";
import type { Operation } from "./steps.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Mutant {
  /** What is wrong with it. */
  readonly fault: string;
  /** Stands exactly once in the sources. */
  readonly find: string;
  readonly put: string;
  /** What half of a walk's steps are of, where it takes many of these to find it. */
  readonly often?: readonly Operation[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    fault: "many are put although one found no place",
    find: "  while (done < count && answer == DONE) {",
    put: "  while (done < count) {",
    often: ["putMany", "setTube", "use"],
  },
  {
    fault: "many are taken by one that is to be told something first",
    find: "  while (done < most && hindrance(c) == NONE) {",
    put: "  while (done < most) {",
    often: ["takeMany", "putMany", "openNotes", "sleep"],
  },
  {
    fault: "of many that are taken a body ends behind the slot",
    find: "    if (<u64>out + MANY_BODY + bytes > <u64>begin + OUTPUT_BYTES || !hasBody(job)) break;",
    put: "    if (<u64>out + bytes > <u64>begin + OUTPUT_BYTES || !hasBody(job)) break;",
    often: ["takeMany", "putMany", "put"],
  },
  {
    fault: "many are deleted whoever holds them",
    find: "    if (at == 0 || !commands.mayDelete(jobAt(at), conn)) break;",
    put: "    if (at == 0) break;",
    often: ["deleteMany", "putMany", "take"],
  },
  {
    fault: "of many that were deleted the last is not counted",
    find: "  setResult(t, RESULT_COUNT, <f64>done);\n  return leave(t, DONE);\n}\n",
    put: "  setResult(t, RESULT_COUNT, <f64>done - 1);\n  return leave(t, DONE);\n}\n",
    often: ["deleteMany"],
  },
  {
    fault: "no failure says why a job is dead that comes back without one",
    find: "  if (!hasFailed) noteDeath(job, now);\n",
    put: "  if (!hasFailed && job.reserves == 0) noteDeath(job, now);\n",
    often: ["putTagged", "handBack", "kick"],
  },
  {
    fault: "a dead job that is kicked is to leave all the same",
    find: "    if ((job.flags & TAGGED) != 0) stay(job);\n",
    put: "",
    often: ["carryDead", "setTube", "putTagged", "release"],
  },
  {
    fault: "only dead jobs that somebody awaits leave",
    find: "  if (sendsDead(tubeAt(job.tube))) setLeaving(tagsOf(job), true);\n",
    put: "  if (isAwaited(job)) setLeaving(tagsOf(job), true);\n",
    often: ["carryDead", "setTube", "putTagged", "release"],
  },
  {
    fault: "of dead jobs always the first one is to leave next",
    find: "  rotate(tagsAt(at));\n",
    put: "",
    often: ["carryDead", "setTube", "putTagged", "release"],
  },
  {
    fault: "a tube that has nothing to give any more goes on showing its head",
    find: "      tube.listed = 0;\n      publish(tube, 0);",
    put: "      tube.listed = 0;",
  },
  {
    fault: "a tube whose best job changes goes on showing the last one's place",
    find: "    publish(tube, headOf(pri, id));\n    // Alone",
    put: "    // Alone",
  },
  {
    fault: "a tube's best job is not looked for when one leaves",
    find: "    shard().urgent--;\n  }\n  refresh(tube);",
    put: "    shard().urgent--;\n  }",
  },
  {
    fault: "a grant leaves its connection among the waiters",
    find: "  stopWaiting(conn);\n  becomeReserved(job, conn, max",
    put: "  becomeReserved(job, conn, max",
  },
  {
    fault: "a job that belongs in between goes to the head of the list",
    find: "id < jobAt(bucket.head).minor",
    put: "id < jobAt(bucket.tail).minor",
  },
  {
    fault: "the shard goes on counting delayed jobs that are ready",
    find: "    tube.delayed--;\n    shard().delayed--;",
    put: "    tube.delayed--;",
  },
  {
    fault: "a reservation that was handed back stays counted",
    find: "  leaveState(job);\n  job.reserves--;\n",
    put: "  leaveState(job);\n",
  },
  {
    fault: "a reservation that was handed back with a delay stays counted",
    find: "  states.undo(job, <u64>now);\n",
    put: "  states.leaveState(job);\n",
  },
  {
    fault: "a ready job whose priority is changed counts as ready since then",
    find: "wasReady ? job.major : micros",
    put: "micros",
  },
  {
    fault: "a job whose priority is changed leaves its bucket under the new one",
    find: "  states.leaveState(job);\n  job.pri = pri;\n  if (delay == 0) job.delay",
    put: "  job.pri = pri;\n  states.leaveState(job);\n  if (delay == 0) job.delay",
  },
  {
    fault: "a job that was cancelled is ready again when its time to run is over",
    find: "    if ((job.flags & CANCELLED) != 0) {\n      endCancelled(job, now);\n      at = ",
    put: "    if (false) {\n      endCancelled(job, now);\n      at = ",
  },
  {
    fault: "a grant that nobody collected is cancelled as if somebody held it",
    find: "if (job.state == STATE_RESERVED && (job.flags & GRANTED) == 0) {\n    if",
    put: "if (job.state == STATE_RESERVED) {\n    if",
  },
  {
    fault: "the tube that a job has left stays, though nothing is in it",
    find: "  forgetIfUnused(from);\n  return isPlaced",
    put: "  return isPlaced",
  },
  {
    fault: "a ready job that moves counts as ready since then",
    find: "    job.major = since;\n    return state;",
    put: "    job.major = now;\n    return state;",
  },
  {
    fault: "a job that was cancelled goes and is not counted",
    find: "leaveGroup(tagsOf(job));\n  tube.deletes++;",
    put: "leaveGroup(tagsOf(job));",
  },
  {
    fault: "the end of a pause tells nobody who waits",
    find: "  ready.refresh(tube);\n  match(tube, now);",
    put: "  ready.refresh(tube);",
  },
  {
    fault: "a tube's timer is not set to ring earlier",
    find: "tube.timed == 0 || due < tube.major",
    put: "tube.timed == 0",
  },
  {
    fault: "of two tubes with equal priorities the younger job goes first",
    find: "x.readyId < y.readyId",
    put: "x.readyId > y.readyId",
  },
  {
    fault: "a tube that nobody watches any more stays",
    find: "  if (--tube.watching == 0) ready.refresh(tube);\n  forgetIfUnused(tube);",
    put: "  if (--tube.watching == 0) ready.refresh(tube);",
  },
  {
    fault: "a tube with ready jobs that somebody begins to watch is not offered",
    find: "if (tube.watching++ == 0) ready.refresh(tube);",
    put: "tube.watching++;",
  },
  {
    fault: "a page with a free slot again is not offered again",
    find: "  if (wasFull) reopen(page);\n",
    put: "",
  },
  {
    fault: "the place where a long body was read outlives the job",
    find: "  if (shard().cursorJob == addressOfJob(job)) shard().cursorJob = 0;\n",
    put: "",
  },
  {
    fault: "a grant that nobody collected counts as held",
    find: "job.holder == conn && (job.flags & GRANTED) == 0",
    put: "job.holder == conn",
  },
  {
    fault: "a grant that ran out is still there to be collected",
    find: "      if ((job.flags & GRANTED) != 0) conn.granted = 0;\n",
    put: "",
  },
  {
    fault: "a better job that comes does not become its tube's best",
    find: "tube.best != 0 && tube.isFair == 0 && standsBehind(job, jobAt(tube.best))",
    put: "tube.best != 0",
  },
  {
    fault: "a tube's histograms stay behind when it goes",
    find: "  if (tube.times != 0) give(tube.times);\n",
    put: "",
  },
  {
    fault: "a job that was touched counts as touched for ever",
    find: "job.flags &= ~(GRANTED | TOUCHED);",
    put: "job.flags &= ~GRANTED;",
  },
  {
    fault: "an owner works off everything although others are due before",
    find: "min(now, timers.secondDue())",
    put: "now",
  },
  {
    fault: "a listing keeps the ids that it met first instead of the lowest",
    find: "  if (low == piece.most) return;",
    put: "  if (piece.count == piece.most) return;",
  },
  {
    fault: "a slow time goes behind the fast ones in the ring",
    find: "    samples.count = samples.next = 0;\n",
    put: "",
  },
  {
    fault: "a ring that grows gives its old place away and keeps it",
    find: "    samples.ring = at;\n",
    put: "",
  },
  {
    fault: "the averages of a tube that goes stay behind",
    find: "  if (tube.samples != 0) dropSamples(samplesAt(tube.samples));\n",
    put: "",
  },
  {
    fault: "a reserve-job gives no time in queue",
    find: "  sampleAge(tube, job, now);\n  countOther(tube);",
    put: "  countOther(tube);",
  },
  {
    fault: "a delay is counted in whole seconds",
    find: "now + <u64>nearest(delay * 1000000)",
    put: "now + <u64>job.delaySeconds * 1000000",
  },
  {
    fault: "a job is taken of a tube that hands out nothing",
    find: "  while (tubeAt(tube).listed != 0) {\n",
    put: "  while (tubeAt(tube).best != 0) {\n",
  },
  {
    fault: "what is held is looked for at the first connection only",
    find: "    stepTo(walk, tree.next(walk.node));",
    put: "    stepTo(walk, 0);",
  },
  {
    fault: "a connection that goes stays among all of them",
    find: "  dropConn(c);\n",
    put: "",
  },
  {
    fault: "a reserved job that is flushed counts as processed",
    find: "  commands.discard(job); // whoever holds it did not process it",
    put: "  commands.deleteJob(job, 0);",
  },
  {
    fault: "a flush stops at the first bucket that has only new jobs",
    find: "bestOf(bucketAt(bucket))))) flush.major++;",
    put: "bestOf(bucketAt(bucket))))) return true;",
  },
  {
    fault: "a flush leaves a tube that nobody refers to any more",
    find: "  tube.using--;\n  forgetIfUnused(tube);\n  setResult(t, RESULT_COUNT, <f64>flush.deleted);",
    put: "  tube.using--;\n  setResult(t, RESULT_COUNT, <f64>flush.deleted);",
  },
  {
    fault: "a job's failures outlive it",
    find: "  dropFailures(job);\n",
    put: "",
  },
  {
    fault: "an attempt that ends with its connection leaves no failure",
    find: "  endByItself(job, END_CONNECTION_LOST, now);\n",
    put: "",
  },
  {
    fault: "the latest message is the oldest one",
    find: "    if (failureAt(at).hasMessage != 0) found = at;",
    put: "    if (found == 0 && failureAt(at).hasMessage != 0) found = at;",
    often: ["put", "take", "say"],
  },
  {
    fault: "a job keeps one failure too many",
    find: "cold.failuresKept >= shard().keepsFailures",
    put: "cold.failuresKept > shard().keepsFailures",
  },
  {
    fault: "a long message is read from the block behind the one that is asked for",
    find: "for (let passed = position / BLOCK_BODY; passed > 0; --passed)",
    put: "for (let passed = (position + BLOCK_BODY - 1) / BLOCK_BODY; passed > 0; --passed)",
  },
  {
    fault: "a connection that goes leaves its name behind",
    find: "  if (conn.who != 0) give(conn.who);\n  give(addressOfConn(conn));",
    put: "  give(addressOfConn(conn));",
  },
  {
    fault: "the table of jobs does not know where a moved job is",
    find: "  table.replace(jobs(), from, job);\n",
    put: "",
  },
  {
    fault: "the neighbour of a moved job does not know where it is",
    find: "  else bucket.tail = at;\n}",
    put: "  else if (job.right == 0) bucket.tail = at;\n}",
  },
  {
    fault: "a tube's best job is moved and the tube is not told",
    find: "  if (tube.best == from) tube.best = at;\n",
    put: "",
  },
  {
    fault: "a moved job stays in the tree by its old weight",
    find: "tree.remove(heldRoot(connAt(job.holder)), job);",
    put: "connAt(job.holder);",
  },
  {
    fault: "a job that is granted is moved and its connection is not told",
    find: "if ((job.flags & GRANTED) != 0) conn.granted = addressOfJob(job);",
    put: "",
  },
  {
    fault: "the failures of a moved cold record do not know whose they are",
    find: "failureAt(own).owner = at;",
    put: "failureAt(own).owner = cold.failureHead;",
  },
  {
    fault: "the end of a body does not know where its job was moved",
    find: "  blockAt(chain.last).next = mark;",
    put: "  if (chain.last == chain.first) blockAt(chain.last).next = mark;",
  },
  {
    fault: "the cursor of the last read stays at a block that was moved",
    find: "  if (s.cursorJob != 0 && s.cursorBlock == from) s.cursorBlock = at;\n",
    put: "",
  },
  {
    fault: "an upload is moved although its session knows its address",
    find: "findJob(jobAt(at).minor) == at && jobAt(at).state <= STATE_BURIED",
    put: "jobAt(at).state != 0",
  },
  {
    fault: "more pages are given back than are free",
    find: "<f64>s.budgetPages - <f64>s.usedPages)",
    put: "<f64>s.budgetPages - <f64>s.usedPages + 1)",
  },
  {
    fault: "a page that is emptied is in its ring meanwhile",
    find: "  unlink(page); // nothing goes into it now\n",
    put: "",
  },
  {
    fault: "a time in queue that is undone stays counted in the shard",
    find: "  takeAway(shardTimes() + QUEUE, place, micros);\n",
    put: "",
  },
  {
    fault: "kicks are counted in their tubes alone",
    find: "  shard().kicks++;\n",
    put: "",
  },
  {
    fault: "a tube does not count attempts whose holder's connection ended",
    find: "  tubeAt(job.tube).losses++;\n",
    put: "",
  },
  {
    fault: "a tube's oldest ready job is its youngest",
    find: "jobAt(best).minor < jobAt(oldest).minor",
    put: "jobAt(best).minor > jobAt(oldest).minor",
  },
  {
    fault: "a touch begins the time to process anew",
    find: "  coldAt(cold).reservedMicros = reservedAt(job);\n  job.flags |= TOUCHED;",
    put: "  coldAt(cold).reservedMicros = reservedAt(job);",
  },
  {
    fault: "a connection waits although a time to run of what it holds is over too soon",
    find: "  if (due <= soon) return leave(t, SOON);\n",
    put: "",
  },
  {
    fault: "a lease that ends with its time is told to nobody",
    find: "    leaseEnds(job);\n    if (",
    put: "    if (",
  },
  {
    fault: "a flush that takes a job tells its holder nothing",
    find: "  if (job.state == STATE_RESERVED) leaseEnds(job);\n",
    put: "",
  },
  {
    fault: "the end of a grant that nobody heard of is told",
    find: "if (conn.notes != 0 && (job.flags & GRANTED) == 0) note(",
    put: "if (conn.notes != 0) note(",
  },
  {
    fault: "a job is given before it is told that it was lost",
    find: "  if (notesAt(conn.notes).first != 0) return NOTED;\n",
    put: "",
  },
  {
    fault: "what is to be told calls for nobody",
    find: "  call(conn, CALL_NOTE);\n",
    put: "",
  },
  {
    fault: "too few notes lie ready for a connection that waits",
    find: "const leases = conn.heldCount + 1 + (conn.waiting == 0 ? 0 : 1);",
    put: "const leases = conn.heldCount + 1;",
  },
  {
    fault: "whoever vouches makes long leases shorter",
    find: "while (at != 0 && jobAt(at).major < until) {",
    put: "while (at != 0) {",
  },
  {
    fault: "whoever awaits a job is not called when it ends",
    find: "  awaits.lastDue = at;\n  call(conn, CALL_END);\n",
    put: "  awaits.lastDue = at;\n",
  },
  {
    fault: "a job that comes into another tube of its shard tells nobody so",
    find: "  if (isAwaited(job)) tellTube(job);\n",
    put: "",
  },
  {
    fault: "a job that is buried tells nobody who awaits it",
    find: "  }\n  if (isAwaited(job)) tellEnd(job, OUTCOME_BURIED);\n",
    put: "  }\n",
  },
  {
    fault: "a job whose time is over is told to have had all its attempts",
    find: "isExhausted(job) ? OUTCOME_DEAD : OUTCOME_EXPIRED",
    put: "OUTCOME_DEAD",
  },
  {
    fault: "a text that two are told is freed when one was",
    find: "  failureAt(at).number--;\n  freeUnshared(at);",
    put: "  failureAt(at).number = 0;\n  freeUnshared(at);",
  },
  {
    fault: "a result is kept when its time is over",
    find: "const until = now + <u64>keepSeconds * 1000000;",
    put: "const until = now + <u64>keepSeconds * 2000000;",
  },
  {
    fault: "a Cold record that moves leaves those who await its job behind",
    find: "  settleAwaits(at);\n",
    put: "",
  },
  {
    fault: "an older note of how far a job is stays",
    find: "  if (cold.note != 0) freeFailure(failureAt(cold.note));\n  cold.note = made;\n",
    put: "  if (cold.note == 0) cold.note = made;\n",
  },
  {
    fault: "a note of how far a job is does not renew its lease",
    find: "  commands.renew(jobAt(at), connAt(conn), now);\n",
    put: "",
  },
  {
    fault: "a note outlives its job",
    find: "  if (cold.note != 0) freeFailure(failureAt(cold.note));\n  cold.note = 0;\n",
    put: "",
  },
  {
    fault: "a touch makes a lease shorter that was vouched for",
    find: "const deadline = max(job.major, ",
    put: "const deadline = max<u64>(0, ",
  },
  {
    fault: "whoever vouches is believed with half of the token",
    find: "markAt(at).major == high && markAt(at).minor != low",
    put: "markAt(at).major != high",
  },
  {
    fault: "a window takes a job more than it may have",
    find: "while (conn.heldCount < most) {",
    put: "while (conn.heldCount <= most) {",
  },
  {
    fault: "a job that was lost makes room before that is told",
    find: " + notes.untoldLosses(it);",
    put: ";",
  },
  {
    fault: "a window that ends forgets the grant that was made",
    find: "  if (it.granted != 0) handBack(conns.grantedJob(it), it.grantedSince, <u64>now);\n",
    put: "",
  },
  {
    fault: "a tube takes one job more than it may have",
    find: "jobs + moreJobs >= mostJobs",
    put: "jobs + moreJobs > mostJobs",
  },
  {
    fault: "the bytes of jobs that are gone stay counted in their tube",
    find: "  leaveTube(job);\n",
    put: "",
  },
  {
    fault: "a tube for which something is set goes when nobody uses it",
    find: "if ((tube.using | tube.settings) != 0) return;",
    put: "if (tube.using != 0) return;",
  },
  {
    fault: "what is set for a tube stays behind when it is taken away",
    find: "    give(tube.settings);\n    tube.settings = 0;\n  }\n  return DONE;",
    put: "    tube.settings = 0;\n  }\n  return DONE;",
  },
  {
    fault: "a tube that is shut by its rate has no timer",
    find: "  if ((shut & SHUT_BY_RATE) != 0) watchClock(tube, opensAt(tube));\n",
    put: "",
  },
  {
    fault: "a rate lets its burst out again after each pause between two jobs",
    find: "max(settings.full, <f64>now) + intervalOf(settings)",
    put: "<f64>now + intervalOf(settings)",
  },
  {
    fault: "one job more is held than may be",
    find: "<f64>tube.reserved >= most;\n}\n\n/** Shuts",
    put: "<f64>tube.reserved > most;\n}\n\n/** Shuts",
  },
  {
    fault: "nobody who waits hears that a deleted job is held no more",
    find: "  if ((tubeAt(job.tube).settings | shard().freedNames) != 0) states.match(tubeAt(job.tube), now);\n",
    put: "",
  },
  {
    fault: "a tube goes on showing its head while so many of its jobs are held",
    find: "  if (wasShut != (shut != 0)) ready.refresh(tube);\n",
    put: "",
  },
  {
    fault: "a job that was handed back stays counted in the rate",
    find: "settings.full -= intervalOf(settings);",
    put: "settings.full -= 0;",
  },
  {
    fault: "a key with a ttl is free at once, and one without has a cooldown",
    find: "  if (seconds == 0) return;\n",
    put: "  if (seconds != 0) return;\n",
  },
  {
    fault: "a job that is deleted keeps its key",
    find: "  leaveKey(own);\n  tags.freeTags(own);\n}\n\n/* Cooldowns. */",
    put: "  tags.freeTags(own);\n}\n\n/* Cooldowns. */",
  },
  {
    fault: "a ready job that gets a better priority keeps its place",
    find: "  const isReady = job.state == STATE_READY;",
    put: "  const isReady = job.state == 0;",
  },
  {
    fault: "a put takes the priority of the job that it meets down, too",
    find: "    if (pri < job.pri) {",
    put: "    if (pri != job.pri) {",
  },
  {
    fault: "a flush leaves the last cooldown of its tube",
    find: "    if (tube.coolingHead == 0) return true;",
    put: "    if (tube.coolingHead == tube.coolingTail) return true;",
  },
  {
    fault: "the end of a cooldown leaves its tube",
    find: "    endCooling(tags);\n    forgetIfUnused(tube);\n",
    put: "    endCooling(tags);\n",
  },
  {
    fault: "a tube goes while a key of it is in its cooldown",
    find: "  if (tube.coolingHead != 0) return;\n",
    put: "",
  },
  {
    fault: "the timer of the terms rings for the first one that there was",
    find: "(s.termsTimed != 0 && s.termsDue <= nodeAt(at).major)) return;",
    put: "s.termsTimed != 0) return;",
  },
  {
    fault: "a hand-back of the last attempt ends a job",
    find: "chargedOf(tagsOf(job)) >= most;",
    put: "chargedOf(tagsOf(job)) + 1 >= most;",
  },
  {
    fault: "a kick gives no attempts",
    find: "  if ((job.flags & TAGGED) != 0) renewAttempts(job);\n",
    put: "",
    often: ["putTagged", "best", "release", "kick"],
  },
  {
    fault: "a job that is dead keeps its limits",
    find: "  dropLimits(job);\n  if (sendsDead",
    put: "  if (sendsDead",
  },
  {
    fault: "a job whose time is over while it is held is ready again",
    find: "    if (isOver(job, now)) return die(job, now, hasFailed);\n    watchLimits(job);\n  }\n  return standReady",
    put: "    watchLimits(job);\n  }\n  return standReady",
  },
  {
    fault: "a release with a delay lets a job live on that is over",
    find: "    if (isOver(job, now)) return die(job, now, hasFailed);\n    watchLimits(job);\n  }\n  becomeDelayedUntil",
    put: "    watchLimits(job);\n  }\n  becomeDelayedUntil",
  },
  {
    fault: "what ended an expired attempt is told as if it had been in time",
    find: "  return end != END_BURIED && isExpired(job, tagsOf(job), now) ? END_EXPIRED : end;",
    put: "  return end;",
  },
  {
    fault: "a slot that was moved out of stays counted",
    find: "  page.used--;\n  shard().slotBytes -= <u32>page.slotBytes;",
    put: "  page.used--;",
  },
  {
    fault: "a job that is held no more goes on having its key",
    find: "      if ((job.flags & TAGGED) != 0) freeKey(job);\n",
    put: "",
  },
  {
    fault: "jobs that stand aside are not offered when their key is free again",
    find: "  if (isFreed || s.cameBack != 0) serveOpened(now);\n",
    put: "  while (s.cameBack != 0) nextOpened();\n",
  },
  {
    fault: "a job whose delay is over waits for no group",
    find: "  if (park(job, now)) tell(job, false, now);\n  else becomeReady(job, now);\n",
    put: "  becomeReady(job, now);\n",
  },
  {
    fault: "nobody is set free by the delete of a group's last member",
    find: "  if ((job.flags & TAGGED) != 0) leaveGroup(tagsOf(job));\n  tubeAt",
    put: "  tubeAt",
  },
  {
    fault: "a job that is set free is not offered to those who wait",
    find: "  if (push(tube, job)) offerLater(tube);\n",
    put: "  if (push(tube, job)) watchLimits(job);\n",
  },
  {
    fault: "a kick takes jobs that wait for their groups",
    find: "  return first != 0 && isParked(jobAt(first)) ? 0 : first;\n",
    put: "  return first;\n",
  },
  {
    fault: "a lane that loses its first job stands still",
    find: "    if (lane.rest != 0 && !moveUp(lane)) putAside(lane);\n",
    put: "    if (lane.rest != 0) putAside(lane);\n",
  },
  {
    fault: "a better job with the same key waits behind the one that stands in the order",
    find: "  const isFirst = head == 0 || isBetter(addressOfJob(job), head);\n",
    put: "  const isFirst = head == 0;\n",
  },
  {
    fault: "a put does not raise the limit of its key",
    find: "  raiseLimit(nameAt(own.con), entryNumber(entryIn(text, own.textBytes, TAG_CON)));\n",
    put: "  raiseLimit(nameAt(own.con), 1);\n",
  },
  {
    fault: "of jobs with smaller priorities one each is counted as standing before",
    find: "    count.count += bucketAt(at).count;\n",
    put: "    count.count++;\n",
    often: ["listJobs", "put"],
  },
  {
    fault: "late jobs are not counted as standing before",
    find: "    count.count++;\n    count.id = jobAt(at).minor;\n    at = tree.next(at);\n",
    put: "    count.id = jobAt(at).minor;\n    at = tree.next(at);\n",
    often: ["listJobs", "release"],
  },
  {
    fault: "what waits for the head of its lane is not counted as standing before",
    find: "    if (!isRival) count.count++;\n",
    put: "    if (isRival) count.count++;\n",
    often: ["listJobs", "putTagged"],
  },
];

/** How many walks a mutant may survive. */
const RUNS = 3000;

/** Where a mutant's fault cannot be planted. */
class MutantError extends Error {
  override readonly name = "MutantError";
  readonly code = "HM_TEST_MUTANT";
}

/** Compiles a mutant. */
async function compile({ fault, find, put }: Mutant): Promise<WebAssembly.Module> {
  const folder = mkdtempSync(join(tmpdir(), "mutant-"));
  try {
    cpSync(join(ROOT, "assembly"), join(folder, "assembly"), { recursive: true });
    const hits = globSync("assembly/**/*.ts", { cwd: folder })
      .map((path) => ({
        path: join(folder, path),
        source: readFileSync(join(folder, path), "utf8"),
      }))
      .filter(({ source }) => source.includes(find));
    const [hit] = hits;
    if (hit === undefined || hits.length > 1 || hit.source.split(find).length > 2)
      throw new MutantError(`"${fault}": its place must stand exactly once in assembly/`);
    writeFileSync(
      hit.path,
      hit.source.replace(find, () => put),
    );
    cpSync(join(ROOT, "asconfig.json"), join(folder, "asconfig.json"));
    const asc = join(ROOT, "node_modules/assemblyscript/bin/asc");
    const options = [
      "assembly/verify/index.ts",
      "--target",
      "verify",
      "--binaryFile",
      "mutant.wasm",
    ];
    await promisify(execFile)(process.execPath, [asc, ...options], { cwd: folder });
    return new WebAssembly.Module(readFileSync(join(folder, "mutant.wasm")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const walker = new MutantWalker();

/** What gave the mutant away, or undefined when it survived `runs` walks, or those of 100 s. */
export async function findFault(
  mutant: Mutant,
  seed: number,
  runs = RUNS,
): Promise<string | undefined> {
  const module = await compile(mutant);
  const { often = [] } = mutant;
  const mostMillis = 100_000;
  return walker.walk({ module, runs, steps: 120, seed, shrink: false, often, mostMillis });
}

if (import.meta.main) {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  let survivors = 0;
  for (const mutant of MUTANTS) {
    const found = await findFault(mutant, seed);
    if (found === undefined) survivors++;
    console.log(`${found === undefined ? "SURVIVED" : "found"}: ${mutant.fault} (${found ?? ""})`);
  }
  process.exitCode = survivors > 0 ? 1 : 0;
}
