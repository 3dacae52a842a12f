/* Codec: how a payload or a result becomes bytes. JSON unless a job says otherwise; `bytes` for
 * payloads that are bytes already.
 */
import { asError } from "../client/errors.ts";
import { CodecError } from "./errors.ts";

/** A way to write values as bytes. */
export interface Codec {
  /** Stands in each body, so that who reads it knows; letters, digits and dashes. */
  readonly name: string;
  /** May throw. */
  encode(value: unknown): Uint8Array;
  /** May throw. */
  decode(bytes: Uint8Array): unknown;
}

const NOTHING = new Uint8Array(0);
const BYTES = new TextEncoder();
const TEXT = new TextDecoder("utf-8", { fatal: true });

/** JSON; `undefined` is no bytes at all. */
export const json: Codec = {
  name: "json",
  encode(value) {
    const text = jsonText(value);
    return text === "" ? NOTHING : BYTES.encode(text);
  },
  decode(bytes) {
    return bytes.length === 0 ? undefined : jsonValue(TEXT.decode(bytes));
  },
};

/** A value as JSON; `undefined` is no text at all. Throws a CodecError, and what it throws. */
function jsonText(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined && value !== undefined) {
    throw new CodecError(`JSON has no way to write a ${typeof value}`);
  }
  return text ?? "";
}

/** What such a text says. Throws what JSON throws. */
export function jsonValue(text: string): unknown {
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

/** Bytes as they are, whatever they are. */
export const bytes: Codec = {
  name: "bytes",
  encode(value) {
    if (value instanceof Uint8Array) return value;
    throw new CodecError("a job with the codec `bytes` takes a Uint8Array");
  },
  decode(encoded) {
    return encoded;
  },
};

/** Writes a value as JSON, as text. Throws a CodecError. */
export function encodedText(value: unknown, what: string): string {
  return explained(() => jsonText(value), what);
}

/** Writes a value. Throws a CodecError. */
export function encodeWith(codec: Codec, value: unknown, what: string): Uint8Array {
  return explained(() => codec.encode(value), what);
}

/** Reads a value. Throws a CodecError. */
export function decodeWith(codec: Codec, encoded: Uint8Array, what: string): unknown {
  return explained(() => codec.decode(encoded), what);
}

function explained<Result>(run: () => Result, what: string): Result {
  try {
    return run();
  } catch (cause) {
    throw new CodecError(`${what}: ${asError(cause).message}`, { cause });
  }
}
