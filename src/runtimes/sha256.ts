/* SHA-256: of a few bytes, at once, which the language's own takes a promise for. */
import { createHash } from "node:crypto";

/** The SHA-256 of these bytes, 32 of them. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
