/* DoorError: why a call was not carried out, as a caller hears it. Its numbers are those of
 * JSON-RPC 2.0; `code` is what qrpc's callers are told.
 */
import { asError } from "../client/errors.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";

/** The numbers. */
export const RPC_CODES = {
  HM_JSON: -32700,
  HM_CALL: -32600,
  HM_METHOD: -32601,
  HM_PARAMS: -32602,
  HM_INTERNAL: -32603,
  /** The queue's refusal; its own code stands beside. */
  HM_REFUSED: -32000,
  HM_NOT_ALLOWED: -32001,
  HM_LINE_LONG: -32002,
  HM_NO_ROOM: -32003,
} as const;

/** A call was not carried out. */
export class DoorError extends HomemakerError {
  override readonly name = "DoorError";
  readonly code: string;
  readonly rpcCode: number;

  constructor(kind: keyof typeof RPC_CODES, message: string, code: string = kind) {
    super(message);
    this.code = code;
    this.rpcCode = RPC_CODES[kind];
  }
}

/** The error that a caller is told of, for whatever was thrown; a defect's is not told. */
export function doorErrorOf(error: unknown): DoorError {
  if (error instanceof DoorError) return error;
  if (error instanceof HomemakerError) {
    return new DoorError("HM_REFUSED", error.message, error.code);
  }
  return new DoorError("HM_INTERNAL", `something is wrong here: ${asError(error).name}`);
}
