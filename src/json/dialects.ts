/* Dialects: the two ways in which a line asks for something and is answered: qrpc's messages, which
 * KQS's callers send, and JSON-RPC 2.0.
 *
 *   {"v":1,"id":"5c..","n":"insert","m":{"type":"mail"}}
 *   {"v":1,"id":"5c..","e":null,"s":"end","m":{"id":"17","state":"new"}}
 *
 *   {"jsonrpc":"2.0","id":1,"method":"insert","params":{"type":"mail"}}
 *   {"jsonrpc":"2.0","id":1,"result":{"id":"17","state":"new"}}
 *
 * Pure: it turns values into calls, and outcomes into lines. What a line is shows in it; what is
 * neither is answered as JSON-RPC has it, which a client of qrpc passes over.
 */
import { DoorError } from "./door-error.ts";

/** A call. */
export interface Call {
  readonly method: string;
  readonly params: unknown;
}

/** What came of a call: a value, or an error. */
export type Outcome = { readonly value: unknown } | { readonly error: DoorError };

/** A call as it came, and how its outcome is told. */
export interface Request {
  /** What is asked; an error if it asks for nothing that makes sense. */
  readonly call: Call | DoorError;
  /** The text that answers it; undefined if nobody waits for that. */
  answer(outcome: Outcome): string | undefined;
}

/** What a line asks for: one thing, or several that are answered together. */
export interface Requests {
  readonly requests: readonly Request[];
  readonly isBatch: boolean;
}

/** Calls that one line may have. */
const BATCH_MAX = 1000;

type Fields = Readonly<Record<string, unknown>>;
type RpcId = string | number | null;

/** What a value that was a line asks for. */
export function requestsOf(value: unknown): Requests {
  if (Array.isArray(value)) return batchOf(value);
  const isQrpc = isFields(value) && Object.hasOwn(value, "n") && !Object.hasOwn(value, "jsonrpc");
  return { requests: [isQrpc ? qrpcRequest(value) : rpcRequest(value)], isBatch: false };
}

/** The line that tells of something wrong that belongs to no call. */
export function answerToNobody(error: DoorError): string {
  return rpcAnswer(null, { error });
}

function batchOf(values: readonly unknown[]): Requests {
  const wrong =
    values.length === 0
      ? new DoorError("HM_CALL", "the batch is empty")
      : new DoorError("HM_CALL", `a batch has at most ${BATCH_MAX} calls`);
  if (values.length === 0 || values.length > BATCH_MAX) {
    const request = { call: wrong, answer: (outcome: Outcome) => rpcAnswer(null, outcome) };
    return { requests: [request], isBatch: false };
  }
  return { requests: values.map(rpcRequest), isBatch: true };
}

function rpcRequest(value: unknown): Request {
  if (!isFields(value)) return invalidRpc(null, "a call is an object");
  const { jsonrpc, method, params } = value;
  const hasId = Object.hasOwn(value, "id");
  const id = hasId ? value["id"] : null;
  if (!isRpcId(id)) return invalidRpc(null, "an id is a text, a number or null");
  if (jsonrpc !== "2.0") return invalidRpc(id, 'it says neither "jsonrpc":"2.0" nor "n"');
  if (typeof method !== "string") return invalidRpc(id, "a method is a text");
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    return invalidRpc(id, "params are an array or an object");
  }
  return {
    call: { method, params },
    answer: (outcome) => (hasId ? rpcAnswer(id, outcome) : undefined),
  };
}

function invalidRpc(id: RpcId, why: string): Request {
  return {
    call: new DoorError("HM_CALL", why),
    answer: (outcome) => rpcAnswer(id, outcome),
  };
}

function rpcAnswer(id: RpcId, outcome: Outcome): string {
  if ("value" in outcome) {
    return JSON.stringify({ jsonrpc: "2.0", id, result: outcome.value ?? null });
  }
  const { rpcCode: code, message, code: name } = outcome.error;
  return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, data: { code: name } } });
}

/** Its `b` is bytes in base64; where `m` is there as well, it stands behind. */
function qrpcRequest({ id, n, m, b }: Fields): Request {
  const answer = (outcome: Outcome): string => qrpcAnswer(id, outcome);
  if (typeof n !== "string") return { call: new DoorError("HM_CALL", "n is a text"), answer };
  if (typeof b !== "string") return { call: { method: n, params: m }, answer };
  const bytes = bytesOfBase64(b);
  if (bytes === undefined) return { call: new DoorError("HM_CALL", "b is no base64"), answer };
  return { call: { method: n, params: bytes }, answer };
}

/** In qrpc's own order, which its clients go by: `m`, or the bytes of `b`, come last. */
function qrpcAnswer(id: unknown, outcome: Outcome): string {
  const named = id === undefined ? "" : `,"id":${JSON.stringify(id)}`;
  if ("error" in outcome) {
    const { message, code } = outcome.error;
    const error = { _isError__: true, _eConstructor__: "Error", message, code, stack: message };
    return `{"v":1${named},"e":${JSON.stringify(error)},"s":"end"}`;
  }
  const { value } = outcome;
  if (value instanceof Uint8Array) {
    const text = base64OfBytes(value);
    return `{"v":1,"b":${text.length}${named},"e":null,"s":"end","b":"${text}"}`;
  }
  const result = value === undefined ? "" : `,"m":${JSON.stringify(value)}`;
  return `{"v":1${named},"e":null,"s":"end"${result}}`;
}

/** The bytes; undefined if it is no base64. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
  } catch {
    return undefined; // it has other characters, or ends too early
  }
}

function base64OfBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + PART_BYTES)));
  }
  return btoa(parts.join(""));
}

/** Arguments that a call may have on every runtime. */
const PART_BYTES = 8192;

function isRpcId(id: unknown): id is RpcId {
  return typeof id === "string" || typeof id === "number" || id === null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
