/* Findings: the first invariant that a walk found broken, and the sums that the walks add up for
 * one another to compare. Set back at the beginning of each walk.
 */
import { shard } from "../shard";
import { SHARD_WAKES } from "./invariants";

/** What the walks over tubes, tables and lists of grants found. */
export class Sums {
  static urgent: u32 = 0;
  static ready: u32 = 0;
  static reserved: u32 = 0;
  static delayed: u32 = 0;
  static buried: u32 = 0;
  static failures: u32 = 0;
  static timedTubes: u32 = 0;
  static listedTubes: u32 = 0;
  static waiters: u32 = 0;
  static otherReserves: u64 = 0;
  static heldJobs: u32 = 0;
  static holderJobs: u32 = 0;
  static grantedJobs: u32 = 0;
  static watchesOfConns: u32 = 0;
  static marks: u32 = 0;
  static watchesWaiting: u32 = 0;
  static keys: u32 = 0;
  static timedTags: u32 = 0;
  static leaving: u32 = 0;
  static named: u32 = 0;
  static aside: u32 = 0;
  static lanesAside: u32 = 0;
  static shared: u32 = 0;
  static counted: u32 = 0;
  static awaits: u32 = 0;
  static awaited: u32 = 0;
  static textsHad: u32 = 0;
  static nameJobs: u32 = 0;
  static nameLanes: u32 = 0;
  static members: u32 = 0;
  static parked: u32 = 0;
  static nameMembers: u32 = 0;
  static nameParked: u32 = 0;
  static away: u32 = 0;
  static came: f64 = 0;
  static resident: f64 = 0;
}

/** The first invariant found broken. */
let broken: i32 = 0;

/** Notes that an invariant is broken, unless one was before. */
export function expect(held: bool, invariant: i32): void {
  if (!held && broken == 0) broken = invariant;
}

/** Nothing broken was found so far. */
export function whole(): bool {
  return broken == 0;
}

/** The number of the first invariant found broken, or 0. */
export function firstBroken(): i32 {
  return broken;
}

/** Begins anew. */
export function reset(): void {
  broken = 0;
  Sums.urgent = Sums.ready = Sums.reserved = Sums.delayed = Sums.buried = 0;
  Sums.failures = Sums.timedTubes = Sums.listedTubes = Sums.waiters = 0;
  Sums.otherReserves = 0;
  Sums.heldJobs = Sums.holderJobs = Sums.grantedJobs = 0;
  Sums.watchesOfConns = Sums.watchesWaiting = Sums.marks = 0;
  Sums.keys = Sums.timedTags = Sums.leaving = 0;
  Sums.named = Sums.aside = Sums.lanesAside = Sums.members = Sums.parked = 0;
  Sums.shared = Sums.counted = 0;
  Sums.awaits = Sums.awaited = Sums.textsHad = 0;
  Sums.away = 0;
  Sums.came = Sums.resident = 0;
  expect((shard().wakeLow | shard().wakeHigh) == 0, SHARD_WAKES);
}
