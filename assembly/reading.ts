/* Reading: the exports that show a job: the first piece of its body at once, a long one piece by
 * piece, kept for the reader while it is pinned. Conventions: index.ts.
 */
import { DONE, INLINE_BODY_MAX, NOT_FOUND, OUTPUT_BYTES, RESULT_COUNT } from "./constants";
import * as commands from "./commands";
import { enterAt } from "./deadlines";
import * as bodies from "./job";
import { jobAt, show } from "./job";
import { enter, leave, must, outputSlot, setResult } from "./shard";
import { findJob } from "./states";
import { tubeAt } from "./tube";

/** Shows any job in any state. */
export function peek(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  show(t, jobAt(at));
  return leave(t, DONE);
}

/** Shows the first job of the tube that is ready, delayed or buried (`kind`). */
export function peekTube(t: u32, tube: u32, kind: i32, now: f64): i32 {
  enterAt(now);
  const at = commands.firstOfKind(tubeAt(tube), kind);
  if (at == 0) return leave(t, NOT_FOUND);
  show(t, jobAt(at));
  return leave(t, DONE);
}

/** The job of that id, also when it is gone and still read; or 0. */
function findBody(id: u64): u32 {
  const at = findJob(id);
  return at != 0 ? at : bodies.findGone(id);
}

/**
 * Keeps the body of a job, which is longer than INLINE_BODY_MAX, until `unpinBody`, whatever
 * becomes of the job; NOT_FOUND when it is gone already.
 */
export function pinBody(t: u32, id: f64): i32 {
  enter();
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  must(jobAt(at).bodyBytes > INLINE_BODY_MAX);
  bodies.pin(jobAt(at));
  return leave(t, DONE);
}

/** Ends what `pinBody` began. */
export function unpinBody(t: u32, id: f64): i32 {
  enter();
  const at = findBody(<u64>id);
  must(at != 0);
  bodies.unpin(jobAt(at));
  return leave(t, DONE);
}

/**
 * Copies more of a long body, from `position` on, to the output slot: RESULT_COUNT bytes; NOT_FOUND
 * when the job is gone, unless somebody has pinned its body.
 */
export function readBody(t: u32, id: f64, position: u32): i32 {
  enter();
  const at = findBody(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  setResult(
    t,
    RESULT_COUNT,
    <f64>bodies.readBody(jobAt(at), position, outputSlot(t), OUTPUT_BYTES),
  );
  return leave(t, DONE);
}
