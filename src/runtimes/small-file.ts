/* SmallFile: a file of the operator's that is read whole, and read again when it has changed.
 * Certificates are, and the file of tokens.
 */
import { readFileSync, statSync } from "node:fs";
import { codeOf, whyOf } from "../system-error.ts";
import { FileError } from "../runtime.ts";

/** Another text whenever the file has changed, or how it can be seen. */
export function stateOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return [ino, size, mtimeMs].join(" ");
  } catch (error) {
    return `unseen: ${codeOf(error)}`; // reading it says more
  }
}

/** What is in it. Throws a FileError. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FileError(`${path} cannot be read: ${whyOf(cause)}`, { cause });
  }
}
