/* Headline: what a failure message says in the first place: of a stack trace the line of the
 * exception, wherever its language puts it; of an object in JSON its error; of anything else all
 * that was said.
 *
 * Messages are any bytes and come as Latin-1, one character for each byte, which any text that this
 * returns is too. All of a message is looked at, once, line by line; the server bounds how long one
 * is (--max-failure-size). Each finder below knows one family of traces and returns undefined for
 * whatever else. Used by fingerprint.ts.
 */

/** Fields of an object that tell of an error, the most telling ones first. */
const TEXT_FIELDS = [
  "message",
  "error_message",
  "errorMessage",
  "msg",
  "error",
  "err",
  "exception",
  "detail",
  "description",
  "reason",
  "title",
  "errors",
  "stack",
  "traceback",
];
const CLASS_FIELDS = [
  "type",
  "name",
  "class",
  "exception",
  "error_class",
  "errorClass",
  "error_type",
  "errorType",
  "code",
  "error",
];
/** So deep objects in objects are looked into. */
const DEPTH_MAX = 4;

const ESCAPE = String.fromCharCode(27);
const COLOURS = new RegExp(`${ESCAPE}\\[[\\d;]*m`, "g");
/** What comes before an exception's class and says only that nobody caught it. */
const UNCAUGHT =
  /^(?:PHP )?(?:(?:Fatal|Parse|Recoverable fatal) error: +)?(?:Uncaught (?:\(in promise\) )?|Unhandled exception[.:]? |Exception in thread "[^"\n]*" )?/;
/** A line that begins with the class of an exception. */
const EXCEPTION =
  /^(?:Uncaught )?[A-Za-z_$][\w$.\\:]*(?:Error|Exception|Failure|Fault|Interrupt|Exit|Timeout)(?: \[\w+\])?(?::|$)/;
const TRACEBACK = /^([\s|+]*)(?:Exception Group )?Traceback \(most recent call last\):$/;
const CAUSED_BY = /^\s*Caused by:/;
const RUBY_PLACE = /^(?:[A-Za-z]:)?[^\n:]{1,1000}:\d+:in [`']/;
const RUBY_CLASS = / \(([A-Z][\w:]{0,200})\)$/;
const RUST_OLD = "panicked at '";
const RUST_OLD_END = /', [^\s']+:\d+(?::\d+)?\s*(?:\n|$)/;
const RUST_LINE = /^thread '.*' (?:\(\d+\) )?panicked at .*:\d+:\d+:$/;
const GO_LINE = /^\s*(?:panic|fatal error): /;
const DOTNET_ARROW = /(?:^|\s)---> (?:\(Inner Exception #\d+\) )?/;

/** A longer line is no frame. */
const FRAME_CHARACTERS_MAX = 2000;
/** What a stack trace consists of beside exceptions. */
const FRAMES = [
  /^\s+at\s/, // JavaScript, Java, .NET
  /^\s*#\d+\s/, // PHP
  /^\s*(?:\d+: )?from\s.*:\d+/, // Ruby
  /^\S.*:\d+:in [`'][^']*'$/, // Ruby, the array of a backtrace
  /^\s+File ".*", line \d+/, // Python
  /^[^\s@]*@\S+:\d+(?::\d+)?$/, // Firefox and Safari
  /^\s+\S.* called at .* line \d+\.?$/, // Perl
  /^\s+(?:\([^()]*\) )?\S+\.(?:exs?|erl):\d+: /, // Elixir
  /^\s*\d+:\s+(?:0x[0-9a-f]+ - )?[\w<][\w<>:&' ]*::\S/, // Rust
  /^goroutine \d+ \[/, // Go
  /^\s*\.\.\. \d+ (?:more|common frames omitted)/,
  /^\s*(?:stack ?trace|stack backtrace|backtrace):\s*$/i,
  /^\s*--- End of /,
  /^note: run with /,
];

/** What counts of a message. */
export function headlineOf(message: string): string {
  return headlineWithin(message, 0);
}

function headlineWithin(message: string, depth: number): string {
  const text = trimmedEnd(message.replaceAll(COLOURS, "").replaceAll("\r\n", "\n"));
  const told = depth < DEPTH_MAX ? toldInJson(text, depth) : undefined;
  if (told !== undefined) return told;
  const lines = text.split("\n");
  const found =
    afterTraceback(lines) ??
    rootCause(lines) ??
    goPanic(lines) ??
    rustPanic(text, lines) ??
    aroundFrames(lines) ??
    text;
  return unwrapped(rubyOrdered(trimmed(found)).replace(UNCAUGHT, ""));
}

/** Without white space at both ends; that of Latin-1 would take bytes of letters in UTF-8. */
function trimmed(text: string): string {
  return trimmedEnd(text.replace(/^[ \t\n]+/, ""));
}

function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\n".includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function isFrame(line: string): boolean {
  return line.length <= FRAME_CHARACTERS_MAX && FRAMES.some((frame) => frame.test(line));
}

/** The lines from `from` on, up to a frame or to where all has been said. */
function untilFrame(lines: readonly string[], from: number): string {
  const rest = lines.slice(from);
  const end = rest.findIndex((line) => isFrame(line) || CAUSED_BY.test(line));
  return trimmed((end < 0 ? rest : rest.slice(0, end)).join("\n"));
}

/** Python, and Ruby when it shows the last call last: what stands behind the indented lines. */
function afterTraceback(lines: readonly string[]): string | undefined {
  const at = lines.findLastIndex((line) => TRACEBACK.test(line));
  const [, margin = ""] = TRACEBACK.exec(lines[at] ?? "") ?? [];
  if (at < 0) return undefined;
  const border = margin.replace("+", " ");
  const rest = lines
    .slice(at + 1)
    .map((line) => (line.startsWith(border) ? line.slice(border.length) : line));
  const from = rest.findIndex((line) => /^\S/.test(line));
  if (from < 0) return undefined;
  const end = rest.findIndex((line, index) => index > from && /^\s*\+-+/.test(line));
  return trimmed(rest.slice(from, end < 0 ? undefined : end).join("\n"));
}

/** Java, anyhow of Rust, and .NET: the last of the causes. */
function rootCause(lines: readonly string[]): string | undefined {
  const outer = lines.findLastIndex((line) => line.startsWith("Caused by:"));
  const at = outer < 0 ? lines.findLastIndex((line) => CAUSED_BY.test(line)) : outer;
  if (at < 0) return innerException(lines);
  const own = trimmed((lines[at] ?? "").replace(CAUSED_BY, ""));
  if (own !== "") return trimmed([own, untilFrame(lines, at + 1)].join("\n"));
  const causes = untilFrame(lines, at + 1).split(/\n\s*\n/)[0] ?? "";
  const last = causes.split("\n").at(-1) ?? "";
  return last === "" ? undefined : trimmed(last.replace(/^\s*\d+: +/, ""));
}

function innerException(lines: readonly string[]): string | undefined {
  const frame = lines.findIndex(isFrame);
  if (frame < 0) return undefined;
  const chain = lines.slice(0, frame).join("\n").split(DOTNET_ARROW);
  return chain.length > 1 ? trimmed(chain.at(-1) ?? "") : undefined;
}

function goPanic(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => GO_LINE.test(line));
  if (at < 0) return undefined;
  const rest = lines.slice(at);
  const end = rest.findIndex((line) => line === "" || /^(?:\[signal|\s+panic: )/.test(line));
  return (end < 1 ? rest : rest.slice(0, end)).join("\n").replace(/ \[recovered\].*$/, "");
}

function rustPanic(text: string, lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => RUST_LINE.test(line));
  if (at >= 0) return `panicked: ${untilFrame(lines, at + 1)}`;
  const from = text.indexOf(RUST_OLD);
  if (from < 0) return undefined;
  const said = text.slice(from + RUST_OLD.length);
  const end = said.search(RUST_OLD_END);
  return end < 0 ? undefined : `panicked: ${said.slice(0, end)}`;
}

/**
 * What stands before the first frame, from its last exception on; if nothing does, what stands
 * behind the last.
 */
function aroundFrames(lines: readonly string[]): string | undefined {
  const first = lines.findIndex(isFrame);
  if (first < 0) return undefined;
  const before = lines.slice(0, first);
  const exception = before.findLastIndex((line) => EXCEPTION.test(line));
  const said = trimmed(before.slice(Math.max(0, exception)).join("\n"));
  if (said !== "") return said;
  const after = lines.slice(lines.findLastIndex(isFrame) + 1);
  const from = after.findIndex((line) => /^\S/.test(line)); // an indented line is the frame's code
  return from < 0 ? undefined : trimmed(after.slice(from).join("\n"));
}

/** Ruby has the class behind the message, and where it happened before it. */
function rubyOrdered(text: string): string {
  const [line = "", ...rest] = text.split("\n");
  const [, name] = RUBY_CLASS.exec(line.slice(-FRAME_CHARACTERS_MAX)) ?? [];
  const [place] = RUBY_PLACE.exec(line) ?? [];
  if (name === undefined || place === undefined) return text;
  const from = line.indexOf("': ", place.length);
  const said = line.slice(from + "': ".length, -` (${name})`.length);
  return from < 0 ? text : [`${name}: ${said}`, ...rest].join("\n");
}

/** A sentence that is quoted as a whole is the message itself and no value in one. */
function unwrapped(text: string): string {
  const [, lead = "", , said] =
    /^((?:[\w$.\\:]+: )*)(["'`])([^"'`\n]* [^"'`\n]* [^"'`\n]*)\2$/.exec(text) ?? [];
  return said === undefined ? text : lead + said;
}

/** What an object or a text in JSON says; undefined for what is neither. */
function toldInJson(text: string, depth: number): string | undefined {
  if (!/^\s*[{["]/.test(text)) return undefined;
  const value = parsed(text);
  if (value === undefined) return undefined;
  if (typeof value === "string") return headlineWithin(asLatin1(value), depth + 1);
  return toldBy(value, depth) ?? text.replaceAll('"', " ");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // it only looks like JSON
    throw error;
  }
}

function toldBy(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") {
    return !/\S/.test(value) ? undefined : headlineWithin(asLatin1(value), depth + 1);
  }
  if (depth >= DEPTH_MAX || typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return toldBy(value[0], depth + 1);
  const fields = new Map(Object.entries(value));
  const said = firstOf(TEXT_FIELDS, (name) => {
    const told = toldBy(fields.get(name), depth + 1);
    return told === undefined ? undefined : { name, told };
  });
  if (said === undefined) return undefined;
  const kind = firstOf(CLASS_FIELDS, (name) => {
    const one = fields.get(name);
    return name !== said.name && typeof one === "string" && one !== "" ? asLatin1(one) : undefined;
  });
  return kind === undefined || said.told.startsWith(kind) ? said.told : `${kind}: ${said.told}`;
}

function firstOf<T>(
  names: readonly string[],
  look: (name: string) => T | undefined,
): T | undefined {
  for (const name of names) {
    const found = look(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function asLatin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
