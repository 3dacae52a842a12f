/* SerializedError: what was thrown, as it is kept with a job and told to those who wait for it.
 *
 * As bytes it is one line for people, which is what the dashboard groups failures by, and behind it
 * a line of JSON with the rest. Invariant: however long messages, stacks and chains of causes are,
 * the bytes stay below FAILURE_BYTES_MAX. Messages of other programs, which are any bytes, are read
 * as such.
 */

/** An error that can be sent. */
export interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: SerializedError;
}

/** What all of it may take; servers take 64 KiB unless they are told otherwise. */
export const FAILURE_BYTES_MAX = 16_384;
const MESSAGE_CHARACTERS_MAX = 1000;
const STACK_CHARACTERS_MAX = 2000;
const NAME_CHARACTERS_MAX = 100;
const CAUSES_MAX = 5;
/** Stands for what throws when it is read. */
const UNREADABLE = "(it cannot be read)";
const BYTES = new TextEncoder();
const TEXT = new TextDecoder();

/** What was thrown: an error with its causes, or anything else. */
export function serializeError(thrown: unknown): SerializedError {
  return serialized(thrown, CAUSES_MAX);
}

function serialized(thrown: unknown, causes: number): SerializedError {
  if (!isError(thrown)) return { name: "Error", message: cut(textOf(thrown)) };
  const stack = read(() => thrown.stack);
  const cause = read(() => thrown.cause);
  const code = read(() => (thrown as { readonly code?: unknown }).code);
  const hasCode = typeof code === "string" || typeof code === "number";
  return {
    name: cut(textOf(read(() => thrown.name, "Error")), NAME_CHARACTERS_MAX),
    message: cut(textOf(read(() => thrown.message, UNREADABLE))),
    ...(hasCode && { code: cut(String(code), NAME_CHARACTERS_MAX) }),
    ...(typeof stack === "string" && { stack: cut(stack, STACK_CHARACTERS_MAX) }),
    ...(cause !== undefined && causes > 0 && { cause: serialized(cause, causes - 1) }),
  };
}

function isError(thrown: unknown): thrown is Error {
  return read(() => thrown instanceof Error, false);
}

/** What it returns; if it throws, what is said in its place. */
function read<Value, Else = undefined>(get: () => Value, otherwise?: Else): Value | Else {
  try {
    return get();
  } catch {
    return otherwise as Else; // its owner made it so that it cannot be read
  }
}

/**
 * What was thrown, if whoever handles it can read it without an error of its own; in its place,
 * else, an error with as much of it as can be read.
 */
export function readable(thrown: unknown): unknown {
  return read(() => isReadable(thrown), false) ? thrown : rebuiltError(serializeError(thrown));
}

/** Whether all of it can be read. May throw as well. */
function isReadable(thrown: unknown): boolean {
  if (typeof thrown !== "object" || thrown === null) return true;
  let at: unknown = thrown;
  for (let depth = 0; at instanceof Error && depth <= CAUSES_MAX; depth++) {
    const { name, message, stack, cause } = at;
    void [`${name}: ${message}\n${stack}`, (at as { readonly code?: unknown }).code];
    at = cause;
  }
  return at instanceof Error || textWritten(at) !== undefined;
}

/** An error as it is kept with a job; of one that is too long as much as there is room for. */
export function encodeFailure(error: SerializedError): Uint8Array {
  const { cause, ...alone } = error;
  const { stack: _, ...bare } = alone;
  const last = cause === undefined ? alone : { ...alone, cause: lastOf(cause) };
  const versions = [error, last, alone].map(writtenOf);
  return versions.find(({ length }) => length <= FAILURE_BYTES_MAX) ?? writtenOf(bare);
}

function writtenOf(error: SerializedError): Uint8Array {
  const head = `${error.name}: ${error.message.replaceAll(/\s+/g, " ")}`;
  return BYTES.encode(`${head}\n${JSON.stringify(error)}`);
}

/** The cause at the end of a chain, which is the one that says most. */
function lastOf(error: SerializedError): SerializedError {
  let last = error;
  while (last.cause !== undefined) last = last.cause;
  return last;
}

/** What is kept with a job, whoever left it there. */
export function decodeFailure(message: Uint8Array): SerializedError {
  return readFailure(message) ?? { name: "Error", message: TEXT.decode(message) };
}

/** An error that `encodeFailure` made bytes of; undefined of all other bytes. */
function readFailure(message: Uint8Array): SerializedError | undefined {
  return parsed(/\n(\{.*\})$/.exec(TEXT.decode(message))?.[1]);
}

/**
 * An error that `encodeFailure` made bytes of, laid out for people as a console would: its stack,
 * below it its causes; undefined of all other bytes.
 */
export function laidOutFailure(message: Uint8Array): string | undefined {
  const lines: string[] = [];
  let error = readFailure(message);
  if (error === undefined) return undefined;
  for (; error !== undefined; error = error.cause) {
    const { code, stack = "" } = error;
    const head = `${error.name}: ${error.message}`;
    const frames = stack.search(/^ *at /m);
    const saysAll = stack.includes(error.message) && stack.startsWith(error.name);
    lines.push((lines.length === 0 ? "" : "Caused by: ") + (saysAll ? stack : head));
    if (!saysAll && stack !== "") lines.push(frames < 0 ? stack : stack.slice(frames));
    if (code !== undefined) lines.push(`    code: ${code}`);
  }
  return lines.join("\n");
}

/** An error as it was when it was thrown, as far as it was kept. */
export function rebuiltError({ name, message, code, stack, cause }: SerializedError): Error {
  const error = new Error(message, cause === undefined ? {} : { cause: rebuiltError(cause) });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}

function parsed(json: string | undefined): SerializedError | undefined {
  if (json === undefined) return undefined;
  try {
    return checked(JSON.parse(json));
  } catch {
    return undefined; // somebody's own message that only looks like ours
  }
}

function checked(value: unknown): SerializedError | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, message, code, stack, cause } = value as Partial<Record<string, unknown>>;
  if (typeof name !== "string" || typeof message !== "string") return undefined;
  const inner = checked(cause);
  return {
    name,
    message,
    ...(typeof code === "string" && { code }),
    ...(typeof stack === "string" && { stack }),
    ...(inner !== undefined && { cause: inner }),
  };
}

function textOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  return read(() => textWritten(thrown)) ?? UNREADABLE;
}

/** A value as JSON has it, or else as a text; it may throw. */
function textWritten(value: unknown): string {
  // A circle and a bigint have no JSON, and a function has none that it says.
  return read(() => JSON.stringify(value)) ?? String(value);
}

function cut(text: string, most = MESSAGE_CHARACTERS_MAX): string {
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`;
}
