/* Lanes: the lanes of each tube, with all its ready jobs that have a concurrency key. */
import { STATE_READY, URGENT_BELOW } from "../constants";
import { ASIDE, Job, jobAt } from "../job";
import {
  Lane,
  asideNode,
  hasComeBack,
  hasKey,
  laneAt,
  laneOf,
  lanesRoot,
  restRoot,
  standsAside,
  standsBefore,
} from "../lanes";
import { FIXED } from "../memory";
import { asideRoot, nameAt, isName } from "../names";
import * as tree from "../tree";
import { Tube, addressOfTube } from "../tube";
import { live } from "./allocator";
import { Sums, expect, whole } from "./findings";
import { LANE_JOBS, LANE_ORDER, LANE_PLACE } from "./invariants";
import { checkJob } from "./jobs";
import { checkTree, stands } from "./trees";

/** Ready jobs that stand aside in the lanes of the tube that was checked last, and urgent ones. */
export class Aside {
  static ready: u32 = 0;
  static urgent: u32 = 0;
}

/** Checks the lanes of a tube. */
export function checkLanes(tube: Tube): void {
  Aside.ready = 0;
  Aside.urgent = 0;
  checkTree(lanesRoot(tube));
  for (let at = tree.first(lanesRoot(tube)); at != 0 && whole(); at = tree.next(at)) {
    const lane = laneAt(at);
    live(FIXED, at, offsetof<Lane>());
    expect(lane.tube == addressOfTube(tube) && lane.major == <u64>lane.name, LANE_PLACE);
    expect(isName(lane.name), LANE_PLACE);
    checkLane(tube, lane);
  }
}

function checkLane(tube: Tube, lane: Lane): void {
  let count: u32 = lane.head == 0 ? 0 : 1;
  let before = lane.head;
  for (let at = tree.first(restRoot(lane)); at != 0 && whole(); at = tree.next(at)) {
    const job = jobAt(at);
    const isBehind = before == 0 || standsBefore(jobAt(before), job.pri, job.minor);
    expect(isBehind && (job.flags & ASIDE) != 0 && job.holder == 0, LANE_ORDER);
    checkJob(tube, job, STATE_READY);
    expect(laneOf(job) == lane, LANE_ORDER);
    if (job.pri < URGENT_BELOW) Aside.urgent++;
    Aside.ready++;
    before = at;
    count++;
  }
  expect(count == lane.jobs && count != 0, LANE_JOBS);
  expect(!hasComeBack(lane) && (lane.head == 0) == standsAside(lane), LANE_PLACE);
  if (!standsAside(lane)) return;
  Sums.aside += lane.jobs;
  Sums.lanesAside++;
  const node = <u32>changetype<usize>(asideNode(lane));
  expect(stands(node, asideRoot(nameAt(lane.name))), LANE_PLACE);
}

/** Checks a job in the order of its tube. */
export function checkStanding(job: Job): void {
  expect((job.flags & ASIDE) == 0, LANE_ORDER);
  if (!hasKey(job)) return;
  expect(laneOf(job).head == <u32>changetype<usize>(job), LANE_ORDER);
}
