/* Wants: two queues of ids in a page of their own: jobs whose bodies are to be read back, and jobs
 * whose bodies were, the first of which leave memory again.
 *
 * An id stays in a queue when its job goes. A queue that is full takes no more: who waits for a
 * body asks again and again, so nothing is lost by that. The page is made with the first id, and
 * stays. Called by whoever meets a job without its body, and by away.ts.
 */
import { takePage } from "./memory";
import { shard } from "./shard";

/** Ids that each queue has room for; a power of two. */
export const IDS_MAX: u32 = 4096;
/** Where the second queue begins in the page. */
const CAME_OFFSET: u32 = IDS_MAX * 8;

/** The page; 0 when there is no memory for it. */
function page(): u32 {
  const s = shard();
  if (s.idsPage != 0) return s.idsPage;
  const before = s.isForBodies;
  s.isForBodies = 1;
  s.idsPage = takePage(true);
  s.isForBodies = before;
  return s.idsPage;
}

function wantedAt(index: u32): usize {
  return <usize>(page() + (index & (IDS_MAX - 1)) * 8);
}

function cameAt(index: u32): usize {
  return wantedAt(index) + CAME_OFFSET;
}

/** The body of that job is to be read back, and those of the jobs behind it in its tube. */
export function want(id: u64): void {
  const s = shard();
  s.isWanting = 1;
  const count = s.wantedHead - s.wantedTail;
  if (count == IDS_MAX || page() == 0) return;
  if (count != 0 && load<u64>(wantedAt(s.wantedHead - 1)) == id) return; // it asks again
  store<u64>(wantedAt(s.wantedHead++), id);
}

/** The next job whose body is to be read back; 0 when there is none. */
export function takeWanted(): u64 {
  const s = shard();
  return s.wantedHead == s.wantedTail ? 0 : load<u64>(wantedAt(s.wantedTail++));
}

/** How many jobs are noted whose bodies were read back: IDS_MAX at most. */
export function cameCount(): u32 {
  return shard().cameHead - shard().cameTail;
}

/** The body of that job was read back; there is room. */
export function noteCame(id: u64): void {
  if (page() != 0) store<u64>(cameAt(shard().cameHead++), id);
}

/** The job whose body was read back first of those that are noted; there is one. */
export function takeCame(): u64 {
  return load<u64>(cameAt(shard().cameTail++));
}
