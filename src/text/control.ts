/* Control: the control module (assembly/control), bound by as-bind and given types.
 *
 * The only file in src/ that knows as-bind. Each thread loads the module once, from bytes that its
 * runtime read, and passes the functions on. Not for the hot path: a call copies its strings in and
 * out, 2-3 us each.
 *
 * The module's memory is its own and only ever grows, so it is kept small: long lists go through it
 * in pieces, and what the calls leave behind is collected once it may have grown to COLLECT_BYTES.
 */
import asBind from "as-bind/dist/as-bind.cjs.js";

/** Sizes and durations as people write them. */
export interface Units {
  /**
   * Bytes that `text` stands for ("65535", "64k", "10MiB"; units are powers of 1024); undefined if
   * it is no size or above 2^53-1.
   */
  parseSize(text: string): number | undefined;
  /** The shortest exact spelling of a whole number of bytes: 65536 is "64KiB", 65535 is "65535". */
  formatSize(bytes: number): string;
  /**
   * Milliseconds that `text` stands for ("50ms", "2s", "1m", "6h", "1d"; a bare number is seconds);
   * undefined as for sizes.
   */
  parseDuration(text: string): number | undefined;
  /**
   * The shortest exact spelling of a whole number of milliseconds: 120000 is "2m", 1500 is
   * "1500ms".
   */
  formatDuration(millis: number): string;
}

/**
 * One line of a dictionary. `quoted` says whether the value stands in double quotes; if absent, as
 * beanstalkd does for that key.
 */
export type YamlEntry = readonly [key: string, value: string | number | boolean, quoted?: boolean];

/** All functions of the control module. */
export interface Control extends Units {
  /**
   * A document as `stats`, `stats-tube` and `stats-job` answer it: `---`, then `key: value` lines,
   * the last one ended too.
   */
  yamlDictionary(entries: readonly YamlEntry[]): string;
  /**
   * A document as `list-tubes` answers it: `---`, then `- item` lines. Items are written as they
   * are, as beanstalkd does.
   */
  yamlList(items: readonly string[]): string;
}

/** The bytes are not those of the control module. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code = "HM_CONTROL_MODULE";
}

/** What the module exports, as as-bind binds it. Wrong sizes and durations come back as -1. */
type BoundExports = {
  parseSize(text: string): number;
  formatSize(bytes: number): string;
  parseDuration(text: string): number;
  formatDuration(millis: number): string;
  yamlDictionary(
    keys: readonly string[],
    values: readonly string[],
    quotes: readonly number[],
  ): string;
  yamlList(items: readonly string[], start: boolean): string;
  __collect(): void; // the loader's name for it
};

const EXPORT_NAMES: readonly (keyof BoundExports)[] = [
  "parseSize",
  "formatSize",
  "parseDuration",
  "formatDuration",
  "yamlDictionary",
  "yamlList",
  "__collect",
];

/**
 * Garbage that may lie in the module's memory before it is collected, as garbageCollector estimates
 * it.
 */
const COLLECT_BYTES = 262_144;
/**
 * Items of a list that go through the module at once: at 200 bytes a name, well below a megabyte in
 * it.
 */
const LIST_PIECE_ITEMS = 512;

/**
 * Instantiates the module from the bytes of control.wasm. Throws a ControlError if they are
 * something else.
 */
export async function loadControl(wasm: Uint8Array<ArrayBuffer>): Promise<Control> {
  const exports = bind(wasm);
  const collect = garbageCollector(exports);

  /* Accounts for what a call left behind; every function below returns through it. */
  const done = <Result>(charsInAndOut: number, result: Result): Result => {
    collect(charsInAndOut);
    return result;
  };
  const parsed = (text: string, value: number): number | undefined =>
    done(text.length, value < 0 ? undefined : value);
  const spelled = (text: string): string => done(text.length, text);

  return {
    parseSize: (text) => parsed(text, exports.parseSize(text)),
    formatSize: (bytes) => spelled(exports.formatSize(bytes)),
    parseDuration: (text) => parsed(text, exports.parseDuration(text)),
    formatDuration: (millis) => spelled(exports.formatDuration(millis)),
    yamlDictionary(entries) {
      const keys = entries.map(([key]) => key);
      const values = entries.map(([, value]) => String(value));
      const text = exports.yamlDictionary(keys, values, entries.map(quoteOf));
      return done(2 * text.length, text);
    },
    yamlList(items) {
      const pieces: string[] = [];
      for (let from = 0; from === 0 || from < items.length; from += LIST_PIECE_ITEMS) {
        const piece = exports.yamlList(items.slice(from, from + LIST_PIECE_ITEMS), from === 0);
        pieces.push(done(2 * piece.length, piece));
      }
      return pieces.join("");
    },
  };
}

/**
 * At once: as-bind's other way asks whether it was given a Response, for which Node loads all of
 * HTTP, TLS and fetch, 15 MB.
 */
function bind(wasm: Uint8Array<ArrayBuffer>): BoundExports {
  let exports: Readonly<Record<string, unknown>>;
  try {
    ({ exports } = asBind.instantiateSync(wasm, {}));
  } catch (cause) {
    throw new ControlError("these bytes are not a module bound by as-bind", { cause });
  }
  if (isControl(exports)) return exports;
  throw new ControlError("this module is not the control module of this release");
}

function isControl(exports: Readonly<Record<string, unknown>>): exports is BoundExports {
  return EXPORT_NAMES.every((name) => typeof exports[name] === "function");
}

/** As assembly/control/yaml.ts has it: 0 as the key asks, 1 always, 2 never. */
function quoteOf([, , quoted]: YamlEntry): number {
  if (quoted === undefined) return 0;
  return quoted ? 1 : 2;
}

/**
 * Returns a function that is told how many characters a call moved, and collects when that has
 * become much.
 */
function garbageCollector(exports: BoundExports): (chars: number) => void {
  let garbageBytes = 0;
  return (chars) => {
    // A few small objects; two bytes a character, and a copy of each on the way.
    garbageBytes += 256 + 4 * chars;
    if (garbageBytes < COLLECT_BYTES) return;
    garbageBytes = 0;
    exports.__collect();
  };
}
