/* Moments that random worlds seldom come upon: what holds in each. */
import { expect, test } from "vitest";
import { ownCode } from "./code.ts";
import {
  cancelHeldJobWhoseBodyIsAway,
  haveSegmentsGoWhileBodiesAreRead,
} from "./moments-of-bodies.ts";
import * as moments from "./moments.ts";

test.each([
  {
    what: "the process ends behind a segment that went",
    pass: moments.endBehindSegmentThatWent,
  },
  {
    what: "a segment that was said to go goes only when there is another one",
    pass: moments.sayAgainThatSegmentGoes,
  },
  {
    what: "the process ends when a segment's file has the next one's name",
    pass: moments.endBehindReuse,
  },
  {
    what: "a spare has a length that was never safe, and the power goes",
    pass: moments.useSpareThatWasNeverSafe,
  },
  {
    what: "the server stops when what a segment's place is needed for waits in a ring",
    pass: moments.endBeforeCopiesAreWritten,
  },
])("$what: the next server starts and finds all jobs", ({ pass }) => {
  expect(() => pass(ownCode())).not.toThrow();
});

test("a job is in two segments when the process ends, and is deleted: it does not come back", () => {
  expect(() => moments.endWithJobInTwoSegments(ownCode())).not.toThrow();
});

test("the power goes in a recovery, and what was written last comes through: the next one finds the job", () => {
  expect(() => moments.cutPowerInRecovery(ownCode())).not.toThrow();
});

test("a small disk is full: its queue is drained, by a server that starts again too, and puts are taken", () => {
  expect(() => moments.drainFullDisk(ownCode())).not.toThrow();
});

test("a batch does not fit what is left of a segment, and the process ends between the two: it is there as a whole or not at all", () => {
  expect(() => moments.endBehindSegmentInBatch(ownCode())).not.toThrow();
});

test("a segment ends behind a job's result, and the process before its tombstone: the job is there, and no result", () => {
  expect(() => moments.endBetweenResultAndTombstone(ownCode())).not.toThrow();
});

test("ids are told before anything of them is safe, and the power goes: none of them is given again", () => {
  expect(() => moments.cutPowerBehindIdsToldEarly(ownCode())).not.toThrow();
});

test("some writes found no space, and files are beyond their bound: puts are taken again", () => {
  expect(() => moments.putAgainThoughBeyondBound(ownCode())).not.toThrow();
});

test("the segment goes that says that nothing is set for a tube any more: an older one does not set it again", () => {
  expect(() => moments.endBehindWhatSaidThatNothingIsSet(ownCode())).not.toThrow();
});

test("somebody cancels a job that is held while its body is away: who holds it can look at it still", () => {
  expect(() => cancelHeldJobWhoseBodyIsAway(ownCode())).not.toThrow();
});

test("bodies are read back, and segments go meanwhile: nothing is read where they were", () => {
  expect(() => haveSegmentsGoWhileBodiesAreRead(ownCode())).not.toThrow();
});
