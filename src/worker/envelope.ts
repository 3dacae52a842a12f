/* Envelope: what is in a job's body: its type, its payload, and what travels with it.
 *
 *   {"type":"email.send","data":{"to":"a@example.org"},"hm":{"at":1732871234567}}
 *
 *   {"type":"thumbnail","hm":{"at":1732871234567,"codec":"bytes"}}<LF>...bytes...
 *
 * The first is JSON as any language writes it and the dashboard shows it; `hm` may be missing. The
 * second is for all other codecs. A body that is neither is some other program's, and has no type.
 */
import { asError } from "../client/errors.ts";
import { json } from "./codec.ts";
import { CodecError } from "./errors.ts";
import type { TraceContext } from "./trace-context.ts";

/** What travels with a job beside its payload. */
export interface Extras extends TraceContext {
  /** When it was enqueued, in milliseconds since 1970. */
  readonly at?: number;
  /** The version of its definition; 1 if absent. */
  readonly v?: number;
  /** The key that it was given for a fair share. */
  readonly key?: string;
  /** The name of its codec; JSON if absent. */
  readonly codec?: string;
  /** The name of the schedule that enqueued it. */
  readonly schedule?: string;
  /** When it was due by its schedule, in milliseconds since 1970. */
  readonly due?: number;
  /** What is here only refers to the body, which lies in a blob store (blob-reference.ts). */
  readonly isElsewhere?: true;
}

/** A body, taken apart. */
export interface Envelope {
  /** Undefined for a body that some other program made. */
  readonly type: string | undefined;
  /** The payload: a value if the codec is JSON, else bytes. */
  readonly data: unknown;
  readonly hm: Extras;
}

const LF = 0x0a;
const OPENING = 0x7b;
const BYTES = new TextEncoder();
const TEXT = new TextDecoder("utf-8", { fatal: true });
const NO_EXTRAS: Extras = {};

/** A body whose payload is JSON. Throws a CodecError where there is no way to write it so. */
export function encodeJson(type: string, data: unknown, hm: Extras): Uint8Array {
  try {
    const text = JSON.stringify(data) as string | undefined;
    return encodeText(type, text ?? "", hm);
  } catch (cause) {
    const why = asError(cause).message;
    throw new CodecError(`${type}: the payload cannot be written as JSON: ${why}`, { cause });
  }
}

/** A body whose payload is JSON already; "" is none. */
export function encodeText(type: string, payload: string, hm: Extras): Uint8Array {
  const data = payload === "" ? "" : `"data":${payload},`;
  return BYTES.encode(`{"type":${JSON.stringify(type)},${data}"hm":${JSON.stringify(hm)}}`);
}

/** A body whose payload is bytes, made by the codec that `hm` names. */
export function encodeBytes(type: string, payload: Uint8Array, hm: Extras): Uint8Array {
  return encodeHeaded({ type, hm }, payload);
}

/** A line of JSON, and bytes behind it. */
export function encodeHeaded(head: object, rest: Uint8Array): Uint8Array {
  const line = BYTES.encode(`${JSON.stringify(head)}\n`);
  const body = new Uint8Array(line.length + rest.length);
  body.set(line);
  body.set(rest, line.length);
  return body;
}

/** A body with more that travels with it; another program's as it is. */
export function withExtras(body: Uint8Array, extras: Extras): Uint8Array {
  const { type, data, hm } = decodeEnvelope(body);
  if (type === undefined) return body;
  const all = { ...hm, ...extras };
  const isJson = hm.codec === undefined || hm.codec === json.name;
  return isJson || !(data instanceof Uint8Array)
    ? encodeJson(type, data, all)
    : encodeBytes(type, data, all);
}

/** Takes a body apart, whoever made it. */
export function decodeEnvelope(body: Uint8Array): Envelope {
  const foreign: Envelope = { type: undefined, data: body, hm: NO_EXTRAS };
  if (body[0] !== OPENING) return foreign;
  const end = body.indexOf(LF);
  const head = end < 0 ? undefined : objectOf(body.subarray(0, end));
  const codec = head === undefined ? undefined : extrasOf(head).codec;
  if (head !== undefined && codec !== undefined && codec !== json.name) {
    return named(head, body.subarray(end + 1), foreign);
  }
  const whole = objectOf(body);
  return whole === undefined ? foreign : named(whole, whole["data"], foreign);
}

function named(
  head: Readonly<Record<string, unknown>>,
  data: unknown,
  foreign: Envelope,
): Envelope {
  const { type } = head;
  return typeof type === "string" ? { type, data, hm: extrasOf(head) } : foreign;
}

function extrasOf({ hm }: Readonly<Record<string, unknown>>): Extras {
  if (typeof hm !== "object" || hm === null) return NO_EXTRAS;
  const about = hm as Partial<Record<string, unknown>>;
  const { at, v, key, codec, traceparent, tracestate, baggage, schedule, due, blob } = about;
  return {
    ...(typeof at === "number" && { at }),
    ...(typeof v === "number" && { v }),
    ...(typeof key === "string" && { key }),
    ...(typeof codec === "string" && { codec }),
    ...(typeof traceparent === "string" && { traceparent }),
    ...(typeof tracestate === "string" && { tracestate }),
    ...(typeof baggage === "string" && { baggage }),
    ...(typeof schedule === "string" && { schedule }),
    ...(typeof due === "number" && { due }),
    ...(blob !== undefined && { isElsewhere: true as const }),
  };
}

function objectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(TEXT.decode(bytes));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined; // it is no JSON, or no text: some other program's
  }
}
