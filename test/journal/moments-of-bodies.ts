/* Moments of bodies: as moments.ts, about jobs whose bodies are in the journal alone. Used by
 * moments.test.ts and mutants.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { segmentName } from "../../src/journal/format.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { bodyOf } from "./bodies.ts";
import type { Code } from "./code.ts";
import { deleteOf, fillPresentOf, MEDIUM, must, PLAIN_OPTIONS, reclaim } from "./moments.ts";
import { World } from "./world.ts";

/** Looks within which a body is read back. */
const LOOKS = 10;

/** A world in which next to no body stays in memory. */
function worldWithNextToNoBodies(code: Code): World {
  const bodies = { keptBytes: 0, broughtBytes: 0 };
  const world = new World(randomFrom(1), { ...PLAIN_OPTIONS, bodies }, code);
  world.boot();
  return world;
}

/**
 * Somebody holds a job whose body is away, in a segment before the present one, and somebody else
 * cancels it. From then on the job is known by its tombstone, which does not have the body: whoever
 * looks at the job, as its holder may, sees it all the same.
 */
export function cancelHeldJobWhoseBodyIsAway(code: Code): void {
  const world = worldWithNextToNoBodies(code);
  world.clients.put(MEDIUM, 0, ""); // the best job of a tube keeps its body
  const id = world.clients.put(MEDIUM, 0, "");
  world.commit();
  fillPresentOf(world);
  const job = world.ledger.jobs.get(id);
  const [shard] = world.machine.shards;
  if (job === undefined || shard === undefined) throw new RangeError(`no job ${id}`);
  world.clients.reserveJob(job);
  must(shard.seekBody(id) === C.AWAY, "the body did not leave");
  for (let left = LOOKS; left > 0 && shard.cancelJob(id, world.now) === C.BUSY; left--)
    world.bring(shard, id);
  must(shard.statsJob(id, world.now) === C.DONE, "nobody holds the job any more");
  must(shard.field(C.RESULT_STATS + C.JOB_CANCELLED) === 1, "the job cannot be cancelled");
  mustShow(world, shard, id);
}

/**
 * Two bodies of a segment are wanted, and one of the next. When the first has been read, both
 * segments go: nothing is read there any more, and who asks again gets all three.
 */
export function haveSegmentsGoWhileBodiesAreRead(code: Code): void {
  const world = worldWithNextToNoBodies(code);
  const [shard] = world.machine.shards;
  if (shard === undefined) throw new RangeError("no shard");
  const isAway = (id: number): boolean => shard.seekBody(id) === C.AWAY;
  const [first, second] = [fillPresentOf(world), fillPresentOf(world)];
  const wanted = [first.find(isAway), first.slice(0, -1).findLast(isAway), second.find(isAway)];
  must(new Set(wanted).size === wanted.length, "the bodies did not leave");
  let reads = 0;
  world.bring(shard, wanted[0] ?? 0, () => {
    if (reads++ > 0) return;
    const ended = [...first, ...second].filter((id) => !wanted.includes(id));
    deleteOf(world, ended);
    reclaim(world, segmentName(1));
    reclaim(world, segmentName(2));
  });
  must(reads === 1, "something was read where a segment was");
  for (const id of wanted) mustShow(world, shard, id ?? 0);
}

/** Whoever looks at the job sees its body. */
function mustShow(world: World, shard: Shard, id: number): void {
  world.bring(shard, id);
  must(shard.peek(id, world.now) === C.DONE, `job ${id} cannot be looked at`);
  const isWhole = bodyOf(id, MEDIUM).equals(shard.output.subarray(0, MEDIUM));
  must(isWhole, `the body of job ${id} is another one`);
}

/** All of them. Throws what goes wrong. */
export function passMomentsOfBodies(code: Code): void {
  cancelHeldJobWhoseBodyIsAway(code);
  haveSegmentsGoWhileBodiesAreRead(code);
}
