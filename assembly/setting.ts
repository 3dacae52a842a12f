/*
 * Setting: the export that sets something for a tube, or takes it away. Conventions: index.ts.
 */
import { AS_IT_IS, DONE, OUT_OF_MEMORY, RESULT_LSN, SETTINGS } from "./constants";
import { enterAt } from "./deadlines";
import * as journal from "./journal";
import { give } from "./memory";
import * as pacing from "./pacing";
import { applyOrder, countOf, makeSettings, setValue, settingsAt } from "./settings";
import { inputSlot, leave, setResult, shard } from "./shard";
import { match } from "./states";
import { Tube, findOrMakeTube, findTube, forgetIfUnused, tubeAt } from "./tube";

/**
 * Sets what the named tube, made if need be, is to have: at `values` of the input slot stands a
 * value for each setting, NOT_SET for what is to be taken away, AS_IT_IS for all others. It is done
 * as a whole, or not at all: DONE or OUT_OF_MEMORY. With `number` 0 no tube is made.
 */
export function setTube(t: u32, offset: u32, bytes: u32, values: u32, number: f64, now: f64): i32 {
  enterAt(now);
  const name = inputSlot(t) + offset;
  const from = inputSlot(t) + values;
  setResult(t, RESULT_LSN, 0);
  let at = findTube(name, bytes);
  if (at == 0 && !setsAny(from)) return leave(t, DONE);
  if (at == 0) at = findOrMakeTube(name, bytes, <u64>number);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  const answer = change(tubeAt(at), from);
  if (answer == DONE) {
    setResult(t, RESULT_LSN, <f64>shard().lsn);
    shard().leavingChanges++; // where they go, perhaps
    applyOrder(tubeAt(at));
    pacing.pace(tubeAt(at), now);
    match(tubeAt(at), <u64>now);
  }
  forgetIfUnused(tubeAt(at));
  return leave(t, answer);
}

/** Whether one of these values is to be set. */
function setsAny(from: usize): bool {
  for (let which = 0; which < SETTINGS; ++which) {
    if (load<f64>(from + ((<usize>which) << 3)) >= 0) return true;
  }
  return false;
}

function change(tube: Tube, from: usize): i32 {
  const old = tube.settings;
  if (old == 0 && !setsAny(from)) return DONE;
  if (old == 0) {
    const made = makeSettings(false);
    if (made == 0) return OUT_OF_MEMORY;
    tube.settings = made;
  }
  const settings = settingsAt(tube.settings);
  for (let which = 0; which < SETTINGS; ++which) {
    const value = load<f64>(from + ((<usize>which) << 3));
    if (value != AS_IT_IS) setValue(settings, which, value);
  }
  journal.recordTube(tube, settings);
  if (countOf(settings) == 0) {
    give(tube.settings);
    tube.settings = 0;
  }
  return DONE;
}
