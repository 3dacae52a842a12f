/* SHA-256: of a few bytes, at once, which the language's own takes a promise for.
 *
 * Node's cryptography is loaded at the first call, since a server without tokens never makes one.
 */
import process from "node:process";

/** The SHA-256 of these bytes, 32 of them. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
