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
const BYTES = new TextEncoder();
const TEXT = new TextDecoder();

/** What was thrown: an error with its causes, or anything else. */
export function serializeError(thrown: unknown): SerializedError {
  return serialized(thrown, CAUSES_MAX);
}

function serialized(thrown: unknown, causes: number): SerializedError {
  if (!(thrown instanceof Error)) return { name: "Error", message: cut(textOf(thrown)) };
  const { name, message, stack, cause } = thrown;
  const code = "code" in thrown ? thrown.code : undefined;
  const hasCode = typeof code === "string" || typeof code === "number";
  return {
    name: cut(textOf(name), NAME_CHARACTERS_MAX),
    message: cut(textOf(message)),
    ...(hasCode && { code: cut(String(code), NAME_CHARACTERS_MAX) }),
    ...(typeof stack === "string" && { stack: cut(stack, STACK_CHARACTERS_MAX) }),
    ...(cause !== undefined && causes > 0 && { cause: serialized(cause, causes - 1) }),
  };
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
  const text = TEXT.decode(message);
  const json = /\n(\{.*\})$/.exec(text)?.[1];
  return parsed(json) ?? { name: "Error", message: text };
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
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return String(thrown); // a circle, or a bigint
  }
}

function cut(text: string, most = MESSAGE_CHARACTERS_MAX): string {
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`;
}
