/* YAML: the documents that stats and the tube lists answer, byte for byte in beanstalkd's layout.
 *
 *   ---                      ---
 *   name: "default"          - default
 *   pause: 0                 - mail
 *
 * A value stands bare only if it is plain, or a name where it may; any other is quoted after all,
 * so that no value can break out of its line. Items are tube names, whose grammar leaves nothing to
 * escape.
 */

const START = "---\n";
/** beanstalkd 1.13 quotes the values of these keys and of no others. */
const QUOTED_KEYS: string[] = ["name", "tube", "version", "hostname", "os", "platform"];

/** How a value is written: as its key asks, or as the caller does. */
const QUOTE_BY_KEY: i32 = 0;
const QUOTE_ALWAYS: i32 = 1;
/** A name, or nothing at all, stands bare. */
const QUOTE_NO_NAME: i32 = 2;

/**
 * One `key: value` line for each key; the three arrays have one length, `quotes` holds
 * QUOTE_BY_KEY, QUOTE_ALWAYS or QUOTE_NO_NAME.
 */
export function yamlDictionary(keys: string[], values: string[], quotes: i32[]): string {
  const parts: string[] = [START];
  for (let i = 0; i < keys.length; i++) {
    parts.push(keys[i]);
    parts.push(": ");
    parts.push(spellValue(keys[i], values[i], quotes[i]));
    parts.push("\n");
  }
  return concatenate(parts);
}

/**
 * One `- item` line for each item. `start` says whether the document begins here or an earlier
 * piece of it was written.
 */
export function yamlList(items: string[], start: bool): string {
  const parts: string[] = [start ? START : ""];
  for (let i = 0; i < items.length; i++) {
    parts.push("- ");
    parts.push(items[i]);
    parts.push("\n");
  }
  return concatenate(parts);
}

function spellValue(key: string, value: string, quote: i32): string {
  const quoted = quote == QUOTE_ALWAYS || (quote == QUOTE_BY_KEY && QUOTED_KEYS.includes(key));
  const isBare = isPlain(value) || (quote == QUOTE_NO_NAME && isNameOrNothing(value));
  return quoted || !isBare ? '"' + escape(value) + '"' : value;
}

/** Whether `text` is empty or consists of what may stand in a tube's name. */
function isNameOrNothing(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    if (!isPlain(unit) && !"-+/;.$_()".includes(unit)) return false;
  }
  return true;
}

/**
 * Whether `text` consists of letters, digits, "." and "-": numbers, states, ids, true and false.
 */
function isPlain(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isLetter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
    const isNumeral = (unit >= 0x30 && unit <= 0x39) || unit == 0x2d || unit == 0x2e;
    if (!isLetter && !isNumeral) return false;
  }
  return text.length > 0 && text != "-";
}

/** `text` as it stands between double quotes. */
function escape(text: string): string {
  const parts = new Array<string>();
  let copied = 0; // what lies before is in parts
  for (let i = 0; i < text.length; i++) {
    if (!needsEscape(text, i)) continue;
    parts.push(text.substring(copied, i));
    parts.push(escapeOf(text.charCodeAt(i)));
    copied = i + 1;
  }
  if (copied == 0) return text;
  parts.push(text.substring(copied));
  return concatenate(parts);
}

/**
 * Whether the UTF-16 unit at `i` is not a printable character of YAML, or means something between
 * double quotes.
 */
function needsEscape(text: string, i: i32): bool {
  const unit = text.charCodeAt(i);
  if (unit < 0x20 || unit == 0x22 || unit == 0x5c) return true;
  if (unit < 0x7f) return false;
  if (unit < 0xa0 || unit == 0x2028 || unit == 0x2029 || unit >= 0xfffe || unit == 0xfeff)
    return true;
  if (isHighSurrogate(unit))
    return !(i + 1 < text.length && isLowSurrogate(text.charCodeAt(i + 1)));
  if (isLowSurrogate(unit)) return !(i > 0 && isHighSurrogate(text.charCodeAt(i - 1)));
  return false;
}

function escapeOf(unit: i32): string {
  if (unit == 0x22) return '\\"';
  if (unit == 0x5c) return "\\\\";
  if (unit == 0x0a) return "\\n";
  if (unit == 0x0d) return "\\r";
  if (unit == 0x09) return "\\t";
  return unit < 0x100 ? "\\x" + hex(unit, 2) : "\\u" + hex(unit, 4);
}

function hex(value: i32, digits: i32): string {
  return value.toString(16).padStart(digits, "0");
}

function isHighSurrogate(unit: i32): bool {
  return (unit & 0xfc00) == 0xd800;
}

function isLowSurrogate(unit: i32): bool {
  return (unit & 0xfc00) == 0xdc00;
}

/**
 * All of `parts` in one string, each copied once into one buffer. (Array#join is quadratic when the
 * compiler optimizes for size.)
 */
function concatenate(parts: string[]): string {
  let bytes = 0;
  for (let i = 0; i < parts.length; i++) bytes += parts[i].length << 1;
  const buffer = new ArrayBuffer(bytes);
  let at = changetype<usize>(buffer);
  for (let i = 0; i < parts.length; i++) {
    const partBytes = parts[i].length << 1;
    memory.copy(at, changetype<usize>(parts[i]), partBytes);
    at += partBytes;
  }
  return String.UTF16.decode(buffer);
}
