/* Pacing: how fast a tube hands jobs out, and how many may be held at once, as is set for it.
 *
 * A tube that has come to its rate, or of which so many jobs are held, is shut: as in a pause it
 * stands among no ready tubes and shows no head, so neither a reserve nor whoever looks without the
 * lock finds a job there. Its rate is a bucket that fills evenly up to its burst; what it lacks is
 * told by one time, when it will be full. A tube that is shut by its rate has its timer set to when
 * the bucket has one job again. One that is shut for what is held goes on when an attempt ends.
 *
 *   full ----------------------------------------+
 *     now          opens                         v
 *      |-------------|-----------|----- ... -----|     a burst of n: n - 1 intervals behind `opens`
 *
 * Invariant: both marks are right between two critical sections. Called by the states, for each job
 * that is handed out or comes back, and by deadlines.ts.
 */
import {
  NOT_SET,
  RATE_HOUR,
  RATE_MINUTE,
  RATE_UNITS,
  SETTING_BURST,
  SETTING_RATE,
  SETTING_RESERVED,
} from "./constants";
import * as ready from "./ready";
import { Settings, settingsAt, valueOf } from "./settings";
import { SHUT_BY_PAUSE, SHUT_BY_RATE, SHUT_BY_RESERVED, Tube, watchClock } from "./tube";

const SECOND_MICROS: f64 = 1000000;

/** Microseconds from one job to the next. */
function intervalOf(settings: Settings): f64 {
  const rate = valueOf(settings, SETTING_RATE);
  const jobs = floor<f64>(rate / RATE_UNITS);
  const unit = rate - jobs * RATE_UNITS;
  const seconds: f64 = unit == RATE_HOUR ? 3600 : unit == RATE_MINUTE ? 60 : 1;
  return (seconds * SECOND_MICROS) / jobs;
}

/** How many may be handed out at once; unless it is set, as many as the rate gives in a second. */
function burstOf(settings: Settings): f64 {
  const burst = valueOf(settings, SETTING_BURST);
  if (burst != NOT_SET) return burst;
  return max<f64>(1, floor<f64>(SECOND_MICROS / intervalOf(settings)));
}

/** A job of a tube for which something is set was handed out. */
export function wasHandedOut(tube: Tube, now: u64): void {
  const settings = settingsAt(tube.settings);
  if (valueOf(settings, SETTING_RATE) != NOT_SET) {
    settings.full = max(settings.full, <f64>now) + intervalOf(settings);
  }
  judge(tube, <f64>now);
}

/** The job that was handed out last comes back as if it had not been. */
export function wasHandedBack(tube: Tube, now: u64): void {
  const settings = settingsAt(tube.settings);
  if (valueOf(settings, SETTING_RATE) != NOT_SET) settings.full -= intervalOf(settings);
  judge(tube, <f64>now);
}

/** A job of a tube that is shut is held no more. */
export function cameBack(tube: Tube): void {
  if ((tube.shut & SHUT_BY_RESERVED) == 0 || isMostHeld(tube)) return;
  tube.shut &= ~SHUT_BY_RESERVED;
  if (tube.shut == 0) ready.refresh(tube);
}

/** The settings of the tube were changed: it is shut, or goes on, as they are now. */
export function pace(tube: Tube, now: f64): void {
  if (tube.settings != 0) {
    const settings = settingsAt(tube.settings);
    const isPaced = valueOf(settings, SETTING_RATE) != NOT_SET;
    const empty = isPaced ? now + burstOf(settings) * intervalOf(settings) : 0;
    settings.full = min(settings.full, empty);
  }
  judge(tube, now);
}

/** Whether as many jobs of the tube are held as may be. */
function isMostHeld(tube: Tube): bool {
  const most = valueOf(settingsAt(tube.settings), SETTING_RESERVED);
  return most != NOT_SET && <f64>tube.reserved >= most;
}

/** Shuts the tube, or has it go on. */
function judge(tube: Tube, now: f64): void {
  let shut = tube.shut & SHUT_BY_PAUSE;
  if (tube.settings != 0) {
    if (isMostHeld(tube)) shut |= SHUT_BY_RESERVED;
    if (lacks(settingsAt(tube.settings), now)) shut |= SHUT_BY_RATE;
  }
  const wasShut = tube.shut != 0;
  tube.shut = shut;
  if (wasShut != (shut != 0)) ready.refresh(tube);
  if ((shut & SHUT_BY_RATE) != 0) watchClock(tube, opensAt(tube));
}

/** Whether the rate lets no job be handed out now: then `opens` is when it will. */
function lacks(settings: Settings, now: f64): bool {
  if (valueOf(settings, SETTING_RATE) == NOT_SET) return false;
  const opens = settings.full - (burstOf(settings) - 1) * intervalOf(settings);
  if (opens <= now) return false;
  settings.opens = <u64>ceil<f64>(opens);
  return true;
}

/** When a tube that is shut by its rate goes on. */
export function opensAt(tube: Tube): u64 {
  return settingsAt(tube.settings).opens;
}

/** That time has come. */
export function open(tube: Tube): void {
  tube.shut &= ~SHUT_BY_RATE;
  if (tube.shut == 0) ready.refresh(tube);
}
