/* Stand-in for node:fs and node:fs/promises in a worker of a page: files of the project are what
 * its site (../site.ts) serves. A worker may wait for an answer, so that what reads at once can.
 */
import { Buffer } from "./buffer.ts";

/** What stands there: bytes, or text where an encoding is given. */
export function readFileSync(path: string | URL, encoding?: string): Buffer | string {
  const request = new XMLHttpRequest();
  request.open("GET", path, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${String(path)}: ${request.status}`);
  const bytes = Buffer.from(request.response as ArrayBuffer);
  return encoding === undefined ? bytes : bytes.toString();
}

/** The same, with a promise. */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${String(path)}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The name of a directory that is this caller's alone, among the files of the origin. */
export function mkdtempSync(prefix: string): string {
  return prefix + crypto.randomUUID();
}

export async function mkdtemp(prefix: string): Promise<string> {
  return mkdtempSync(prefix);
}

/** Removes a directory, if there is one. */
export async function rm(path: string): Promise<void> {
  try {
    await (await navigator.storage.getDirectory()).removeEntry(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "NotFoundError") throw error;
  }
}

/** The same, but that it is not there any more a moment later. */
export function rmSync(path: string): void {
  void rm(path);
}
