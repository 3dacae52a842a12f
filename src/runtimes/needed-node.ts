/* Needed Node: the oldest Node that the package runs on, as package.json has it.
 *
 * An older one would fail somewhere, in its own words; so it is told first, in one line. Deno and
 * Bun are not asked. Read by cli/main.ts, and by src/entries/ before they export anything.
 */
import process from "node:process";
import { NEEDED_NODE, PROGRAM } from "../version.ts";

/** This Node is too old. */
class OldNodeError extends Error {
  override readonly name = "OldNodeError";
  readonly code = "HM_OLD_NODE";
}

/**
 * Why this runtime cannot run the package, in a line; undefined if it can.
 *
 * @param versions of a runtime, as `process.versions` has them
 */
export function whyTooOld(versions: NodeJS.Dict<string> = process.versions): string | undefined {
  const { bun, deno, node = "" } = versions;
  if (bun !== undefined || deno !== undefined) return undefined;
  const [major = 0, minor = 0] = numbersOf(node);
  const [neededMajor = 0, neededMinor = 0] = numbersOf(NEEDED_NODE);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return undefined;
  return `Node ${neededMajor}.${neededMinor} or newer is needed, and this is Node ${node}`;
}

/** Throws an OldNodeError on a Node that is too old. */
export function refuseOldNode(): void {
  const why = whyTooOld();
  if (why !== undefined) throw new OldNodeError(`${PROGRAM}: ${why}`);
}

function numbersOf(version: string): readonly number[] {
  return (version.match(/\d+/g) ?? []).map(Number);
}
