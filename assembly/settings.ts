/* Settings: what is set for a tube: how much it may hold, and the tags of jobs that are put into it
 * without them; how fast it hands jobs out is pacing.ts's.
 *
 * A tube for which nothing is set has none of it but an address of 0; the others have a record of
 * this kind, which is made when something is set and goes when nothing is any more. A change is a
 * TUBE record in the journal (journal.ts) that says all that is set then; one that says nothing is
 * a tombstone, needed for as long as a segment exists in which an older one may lie.
 */
import {
  DEAD_PIECES,
  DONE,
  NOT_SET,
  ORDER_FAIR,
  RESULT_COUNT,
  RESULT_REF,
  SETTINGS,
  SETTING_ACK,
  SETTING_BODY,
  SETTING_BYTES,
  SETTING_DEAD,
  SETTING_EXP,
  SETTING_JOBS,
  SETTING_MAX,
  SETTING_ORDER,
  TAG_ACK,
  TAG_EXP,
  TAG_MAX,
} from "./constants";
import { FIXED, give, take } from "./memory";
import { enter, leave, setResult } from "./shard";
import { addEntry } from "./tags";
import { Tube, forgetIfUnused, tubeAt } from "./tube";

/**
 * What is set for one tube: this, then a value (f64) for each setting, NOT_SET for those not set.
 */
@unmanaged
export class Settings {
  /** LSN of its TUBE record. */
  lsn: u64;
  /** LSN of the first of its records: no older one lies anywhere, but for what follows. */
  firstLsn: u64;
  /**
   * The lowest number of the segments in which records may lie that are older still, 0 for none.
   */
  lowOrigin: u32;
  highOrigin: u32;
  /** Bytes of its TUBE record. */
  recordBytes: u32;
  unused: u32;
  /* Pace: pacing.ts. */
  /** When as many jobs may be handed out at once as ever; what is past means: now. */
  full: f64;
  /** While it is shut by its rate: when it goes on. */
  opens: u64;
}

const VALUES: u32 = (offsetof<Settings>() + 7) & ~7;
/** Bytes of the piece. */
export const SETTINGS_PIECE_BYTES: u32 = VALUES + ((<u32>SETTINGS) << 3);
/** No setting keeps the job out. */
const NOTHING: i32 = -1;

export function settingsAt(address: u32): Settings {
  return changetype<Settings>(<usize>address);
}

function valueAt(settings: Settings, which: i32): usize {
  return changetype<usize>(settings) + VALUES + ((<usize>which) << 3);
}

/** What a setting is set to; NOT_SET when it is not. */
export function valueOf(settings: Settings, which: i32): f64 {
  return load<f64>(valueAt(settings, which));
}

/** Sets one of the settings of a record that is not in use, or takes it away. */
export function setValue(settings: Settings, which: i32, value: f64): void {
  store<f64>(valueAt(settings, which), value);
}

/** How many of them are set. */
export function countOf(settings: Settings): u32 {
  let count: u32 = 0;
  for (let which = 0; which < SETTINGS; ++which) {
    if (valueOf(settings, which) != NOT_SET) count++;
  }
  return count;
}

/**
 * A record in which nothing is set and that was never in the journal; 0 when there is no memory.
 */
export function makeSettings(vital: bool): u32 {
  const at = take(FIXED, SETTINGS_PIECE_BYTES, vital);
  if (at == 0) return 0;
  memory.fill(at, 0, VALUES);
  clearValues(settingsAt(at));
  return at;
}

/** Nothing is set in it any more. */
export function clearValues(settings: Settings): void {
  for (let which = 0; which < SETTINGS; ++which) setValue(settings, which, NOT_SET);
}

/** The tube's order is as it is set: for jobs that become ready from now on. */
export function applyOrder(tube: Tube): void {
  const isSet = tube.settings != 0;
  tube.isFair = isSet && valueOf(settingsAt(tube.settings), SETTING_ORDER) == ORDER_FAIR ? 1 : 0;
}

/** Nothing is set for the tube any more. The tube may be gone afterwards. */
export function dropSettings(tube: Tube): void {
  if (tube.settings != 0) give(tube.settings);
  tube.settings = 0;
  applyOrder(tube);
  forgetIfUnused(tube);
}

/** Writes what is set for the tube, a value for each setting. */
export function writeSettings(tube: Tube, to: usize): void {
  for (let which = 0; which < SETTINGS; ++which) {
    const value = tube.settings == 0 ? NOT_SET : valueOf(settingsAt(tube.settings), which);
    store<f64>(to + ((<usize>which) << 3), value);
  }
}

/* The dead-letter tube. */

/** Whether dead jobs of the tube go to another one. */
export function sendsDead(tube: Tube): bool {
  return tube.settings != 0 && valueOf(settingsAt(tube.settings), SETTING_DEAD) != NOT_SET;
}

/** Writes the name of that tube, which there is; returns how many bytes it has. */
export function writeDead(tube: Tube, to: usize): u32 {
  const settings = settingsAt(tube.settings);
  let bytes: u32 = 0;
  for (let piece = 0; piece < DEAD_PIECES; ++piece) {
    const value = valueOf(settings, SETTING_DEAD + piece);
    if (value == NOT_SET) break;
    for (let rest = <u64>value; rest != 0; rest >>= 8) store<u8>(to + bytes++, <u8>rest);
  }
  return bytes;
}

/* What is kept out. */

/**
 * Which setting keeps one job more, with a body of `bytes`, out of the tube when it has so many
 * more jobs and bytes than it has now: SETTING_JOBS or SETTING_BYTES; -1 when none does.
 */
function keptOutBy(tube: Tube, bytes: u32, moreJobs: f64 = 0, moreBytes: f64 = 0): i32 {
  if (tube.settings == 0) return NOTHING;
  const settings = settingsAt(tube.settings);
  const mostJobs = valueOf(settings, SETTING_JOBS);
  const jobs = <f64>tube.ready + <f64>tube.reserved + <f64>tube.delayed + <f64>tube.buried;
  if (mostJobs != NOT_SET && jobs + moreJobs >= mostJobs) return SETTING_JOBS;
  const mostBytes = valueOf(settings, SETTING_BYTES);
  if (mostBytes != NOT_SET && <f64>tube.bytes + moreBytes + <f64>bytes > mostBytes)
    return SETTING_BYTES;
  return NOTHING;
}

/**
 * Whether the tube is too full for one job more, with a body of `bytes`, when it has so many more
 * jobs and bytes than it has now: then RESULT_REF and RESULT_COUNT are as FULL says.
 */
export function isFull(
  t: u32,
  tube: Tube,
  bytes: u32,
  moreJobs: f64 = 0,
  moreBytes: f64 = 0,
): bool {
  const which = keptOutBy(tube, bytes, moreJobs, moreBytes);
  if (which == NOTHING) return false;
  setResult(t, RESULT_REF, <f64>which);
  setResult(t, RESULT_COUNT, valueOf(settingsAt(tube.settings), which));
  return true;
}

/**
 * Whether a body of `bytes` is short enough for the tube, and has room there, and the job is given
 * no tags there.
 */
export function takesAsItIs(tube: Tube, bytes: u32): bool {
  if (tube.settings == 0) return true;
  if (givesTags(tube)) return false;
  const longest = valueOf(settingsAt(tube.settings), SETTING_BODY);
  return (longest == NOT_SET || <f64>bytes <= longest) && keptOutBy(tube, bytes) == NOTHING;
}

/** Whether jobs that are put into the tube get tags there, unless their puts say otherwise. */
export function givesTags(tube: Tube): bool {
  if (tube.settings == 0) return false;
  const settings = settingsAt(tube.settings);
  for (let which = SETTING_EXP; which <= SETTING_ACK; ++which) {
    if (valueOf(settings, which) != NOT_SET) return true;
  }
  return false;
}

/**
 * Adds what the tube gives to the `bytes` bytes of tags at `text`, which has room for GIVEN_BYTES
 * more; returns how many there are then.
 */
export function addGiven(tube: Tube, text: usize, bytes: u32): u32 {
  if (!givesTags(tube)) return bytes;
  const settings = settingsAt(tube.settings);
  let all = addOne(settings, SETTING_EXP, text, bytes, TAG_EXP);
  all = addOne(settings, SETTING_MAX, text, all, TAG_MAX);
  return addOne(settings, SETTING_ACK, text, all, TAG_ACK);
}

function addOne(settings: Settings, which: i32, text: usize, bytes: u32, kind: u8): u32 {
  const value = valueOf(settings, which);
  return value == NOT_SET ? bytes : addEntry(text, bytes, kind, <u32>value);
}

/** The longest body that the tube takes, in bytes; NOT_SET when any may come. */
export function longestBody(t: u32, tube: u32): f64 {
  if (tubeAt(tube).settings == 0) return NOT_SET; // none yet: as if this had come before one
  enter();
  const at = tubeAt(tube).settings;
  const longest = at == 0 ? NOT_SET : valueOf(settingsAt(at), SETTING_BODY);
  leave(t, DONE);
  return longest;
}
