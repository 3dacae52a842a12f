/* VariableParts: takes out of a text what differs from one job to the next, and puts the same sign
 * in the place of each such part.
 *
 * Invariants: a text that has been through this stays as it is when it goes through again, which
 * the sign being no part of any part sees to; each pattern is bounded and without nested
 * repetition, so the work grows with the text alone. Texts are Latin-1, one character for each
 * byte, so those of other alphabets are letters. Used by fingerprint.ts.
 */

/** What stands in the place of whatever differs. */
const SIGN = "#";
/** Most passes. Only a hostile text needs so many; any other is done after one or two. */
const PASSES_MAX = 8;

/** A word that is all hexadecimal digits, with one from 0 to 9, is an id from so many on. */
const HEX_MIN = 6;
/** Letters before a number that are no name: `db12` is an id, `worker12` the twelfth worker. */
const PREFIX_MAX = 2;
/** Letters behind a number that are no name, such as a unit's. */
const SUFFIX_MAX = 3;

/** A word of capitals and numbers is an id from so many characters on. */
const SHOUTED_MIN = 16;

/** What a part does not begin behind, nor a quote end before. */
const JOINED = String.raw`\w#\x80-\xff`;
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}";
const WEEKDAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}";
const CLOCK = String.raw`\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?`;
const ZONE = String.raw`(?: ?(?:[AP]M|UTC|GMT|Z|[+-]\d\d:?\d\d)(?![${JOINED}]))?`;
const UNIT =
  "(?:[num]?s|\\xc2\\xb5s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|milliseconds?|[kKMGT]?i?B|bytes?)";
/** What ends a path, beside white space and quotes. */
const PATH = String.raw`[^\s"'${"`"}<>|,;:()\[\]{}#]`;

/**
 * Not a code: a number of up to three digits behind a word that says so names the error, as in
 * `HTTP 404`, `status code: 500`, `errno -28` and `exit code 137`.
 */
const NO_CODE = String.raw`(?!(?<=\b(?:HTTP|status|code|[Ee]rrno|exit|signal) ?[:=]? ?-?)\d{1,3}(?![\d.,]?[\w#]))`;

interface Part {
  readonly pattern: RegExp;
  readonly into: string | ((...groups: string[]) => string);
}

const part = (pattern: string, into: Part["into"] = SIGN, flags = "g"): Part => ({
  pattern: new RegExp(pattern, flags),
  into,
});

/** In this order. */
const PARTS: readonly Part[] = [
  // What a field of an object says of an error is no value but the message.
  part(
    String.raw`"(error|message|msg|code|type|reason|detail|title|name|status|exception)" ?: ?"((?:[^"\\\n]|\\.){0,1000})"`,
    (_, name = "", said = "") => `${name}: ${said}`,
    "gi",
  ),
  // Of an address of the web the server counts.
  part(String.raw`\b([a-z][a-z\d+.-]{1,20}:\/\/)([^\s"'${"`"}<>()\[\]{},;]*)`, webAddress, "gi"),
  part(`(?<![${JOINED}])[\\da-f]{8}-(?:[\\da-f]{4}-){3}[\\da-f]{12}(?![${JOINED}])`, SIGN, "gi"),
  part(
    String.raw`(?<![${JOINED}.%+-])[a-zA-Z\d._%+\-\x80-\xff]{1,64}@(?:localhost|(?:[a-zA-Z\d-]{1,63}\.){1,8}[a-zA-Z]{2,24})(?![${JOINED}])`,
  ),
  part(String.raw`(?<![${JOINED}])[bBuU]?"(?:[^"\\\n]|\\.){0,1000}"`),
  part(`(?<![${JOINED}])[bBuU]?'[^'\\n]{0,1000}'(?![${JOINED}])`),
  part(`(?<![${JOINED}])\`[^\`'\\n]{0,1000}[\`'](?![${JOINED}])`),
  part(String.raw`\xe2\x80[\x9c\x9e\x98][^\n]{0,1000}?\xe2\x80[\x9d\x9c\x99]`),
  part(String.raw`\xc2\xab[^\n]{0,1000}?\xc2\xbb`),
  part(String.raw`(?<![${JOINED}])\d{4}[-/]\d\d[-/]\d\d(?:[T ]${CLOCK}${ZONE})?(?![${JOINED}])`),
  part(
    String.raw`(?<![${JOINED}])(?:${WEEKDAY},? )?(?:\d{1,2}[ -]${MONTH}[ -]\d{2,4}|${MONTH} {1,2}\d{1,2}(?:,? \d{4})?)(?:,? ${CLOCK}${ZONE}(?: \d{4})?)?(?![${JOINED}])`,
  ),
  part(`(?<![${JOINED}.])${CLOCK}${ZONE}(?![${JOINED}:])`),
  part(
    String.raw`(?<![${JOINED}:])(?=[\da-f:]{0,40}\d)(?:[\da-f]{0,4}:){2,7}[\da-f]{0,4}(?:%\w{1,16})?(?![${JOINED}:])`,
    SIGN,
    "gi",
  ),
  part(String.raw`(?<![${JOINED}])[A-Za-z]:[\\/]${PATH}*`, keepingStop),
  part(String.raw`(?<![${JOINED}\\])\\\\${PATH}+`, keepingStop),
  part(String.raw`(?<![${JOINED}/.~])(?:~|\.{1,2})?/(?!/)${PATH}+`, keepingStop),
  part(String.raw`(?<![${JOINED}/.\\-])[\w.@+-]+(?:/[\w.@+-]+)+`, relativePath),
  // PostgreSQL: Key (email)=(somebody) already exists.
  part(String.raw`=\([^()\n]{0,1000}\)`, `=(${SIGN})`),
  part(String.raw`(?<![${JOINED}])(?:\d+(?:\.\d+)?(?:ns|us|ms|d|h|m|s)){2,8}(?![${JOINED}])`),
  part(
    String.raw`(?<![A-Za-z\d#])(?:(?<![A-Za-z\d#_)\]-])[-+])?${NO_CODE}\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?(?: ?${UNIT})?(?![A-Za-z\d])`,
  ),
  part(String.raw`(?<![A-Za-z\d])${NO_CODE}[A-Za-z\d]+`, word),
  // However many there are in a row.
  part(`${SIGN}(?:, ?${SIGN})+`),
  part("[ \\t]+", " "),
];

/** The text with a sign in place of each part that differs from one job to the next. */
export function withoutVariableParts(text: string): string {
  let now = text;
  for (let passes = 0; passes < PASSES_MAX; passes++) {
    const before = now;
    for (const { pattern, into } of PARTS) {
      now = typeof into === "string" ? now.replace(pattern, into) : now.replace(pattern, into);
    }
    if (now === before) break;
  }
  return now;
}

function webAddress(_: string, scheme = "", rest = ""): string {
  const [stop = ""] = /[.:!?]*$/.exec(rest) ?? [];
  const address = rest.slice(0, rest.length - stop.length);
  const [server = ""] = address.split(/[/?#]/, 1);
  const host = server.slice(server.lastIndexOf("@") + 1);
  const isMore = address.length > server.length;
  return `${scheme}${host}${isMore ? `/${SIGN}` : ""}${stop}`;
}

/** A path ends before the stop of its sentence. */
function keepingStop(path: string): string {
  const [stop = ""] = /[.!?]*$/.exec(path) ?? [];
  return SIGN + stop;
}

/** `text/html` and `and/or` are words. */
function relativePath(text: string): string {
  const isDeep = text.split("/").length > 2;
  return isDeep || /\.[A-Za-z]\w{0,5}\.*$/.test(text) ? keepingStop(text) : text;
}

/** An id as a whole, any other word without its numbers. */
function word(text: string): string {
  const digits = text.replaceAll(/\D/g, "").length;
  if (digits === 0) return text;
  const isHex = /^0x[\da-f]+$/i.test(text) || (text.length >= HEX_MIN && /^[\da-f]+$/i.test(text));
  return isHex || isId(text, digits) ? SIGN : text.replaceAll(/\d+/g, SIGN);
}

/**
 * Whether letters and digits alternate as in no name, or too few letters are left for one. A
 * number's length must not matter, since the next one may be longer.
 */
function isId(text: string, digits: number): boolean {
  const runs = text.match(/\d+|\D+/g) ?? [];
  const letters = text.length - digits;
  const isDense = digits * 4 >= text.length;
  if (runs.length <= 2) {
    const isNumberFirst = /^\d/.test(text);
    return letters <= (isNumberFirst ? SUFFIX_MAX : PREFIX_MAX);
  }
  const isShouted = text.length >= SHOUTED_MIN && !/[a-z]/.test(text);
  return isDense || isShouted || (runs.length > 3 && digits * 8 >= text.length);
}
