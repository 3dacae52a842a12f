/* Units: sizes and durations, from text to a number and back.
 *
 *   size       64k  10MiB  1g  65535   digits, then nothing, b, or k m g t with "", b or ib;
 *                                      powers of 1024, in either case
 *   duration   50ms 2s  1m  30         digits, then nothing (seconds, as in the protocol), ms, s,
 *                                      m, h or d, in lower case
 *
 * No sign, no fraction, no blanks. Numbers pass as f64; above MAX they would not be exact and are
 * refused.
 */

/** The largest whole number below which f64 holds every one: 2^53 - 1. */
const MAX: u64 = 9007199254740991;
/** What the parsers answer to text that is not in their grammar, or too large. */
const WRONG: f64 = -1;

/** Bytes that `text` stands for; WRONG if none. */
export function parseSize(text: string): f64 {
  return parse(text, sizeFactor(unitOf(text)));
}

/** Milliseconds that `text` stands for; WRONG if none. */
export function parseDuration(text: string): f64 {
  return parse(text, durationFactor(unitOf(text)));
}

/** The shortest exact spelling of `bytes`, a whole number from 0 to MAX. */
export function formatSize(bytes: f64): string {
  const value = <u64>bytes;
  const unit = largestExact(value, ["t", "g", "m", "k"], sizeFactor);
  return unit == ""
    ? value.toString()
    : (value / sizeFactor(unit)).toString() + unit.toUpperCase() + "iB";
}

/** The shortest exact spelling of `millis`, a whole number from 0 to MAX. */
export function formatDuration(millis: f64): string {
  const value = <u64>millis;
  const unit = largestExact(value, ["d", "h", "m", "s", "ms"], durationFactor);
  return unit == "" ? "0s" : (value / durationFactor(unit)).toString() + unit;
}

/** The first of `units` that `value` is a multiple of; "" if there is none, and for 0. */
function largestExact(value: u64, units: string[], factorOf: (unit: string) => u64): string {
  for (let i = 0; i < units.length; i++) {
    const factor = factorOf(units[i]);
    if (value >= factor && value % factor == 0) return units[i];
  }
  return "";
}

/** Bytes in a unit, 0 if it is none. */
function sizeFactor(unit: string): u64 {
  const name = unit.toLowerCase();
  if (name == "" || name == "b") return 1;
  if (name == "k" || name == "kb" || name == "kib") return (<u64>1) << 10;
  if (name == "m" || name == "mb" || name == "mib") return (<u64>1) << 20;
  if (name == "g" || name == "gb" || name == "gib") return (<u64>1) << 30;
  if (name == "t" || name == "tb" || name == "tib") return (<u64>1) << 40;
  return 0;
}

/** Milliseconds in a unit, 0 if it is none. */
function durationFactor(unit: string): u64 {
  if (unit == "ms") return 1;
  if (unit == "" || unit == "s") return 1000;
  if (unit == "m") return 60 * 1000;
  if (unit == "h") return 60 * 60 * 1000;
  if (unit == "d") return 24 * 60 * 60 * 1000;
  return 0;
}

/** The digits of `text` times `factor`; WRONG without digits, without a factor, or above MAX. */
function parse(text: string, factor: u64): f64 {
  const digits = countDigits(text);
  if (digits == 0 || factor == 0) return WRONG;
  let value: u64 = 0;
  for (let i = 0; i < digits; i++) {
    value = value * 10 + (text.charCodeAt(i) - 0x30);
    if (value > MAX / factor) return WRONG;
  }
  return <f64>(value * factor);
}

/** What follows the digits. */
function unitOf(text: string): string {
  return text.substring(countDigits(text));
}

/** How many decimal digits `text` begins with. */
function countDigits(text: string): i32 {
  let count = 0;
  while (count < text.length && isDigit(text.charCodeAt(count))) count++;
  return count;
}

function isDigit(unit: i32): bool {
  return unit >= 0x30 && unit <= 0x39;
}
