/* Tour: the transcripts in docs/tour.md and in the README, and a bash that does what they say
 * against a server of its own.
 *
 * Of the three ways to talk to the server that the tour offers, this runs those that need nothing
 * which may not be there; where the README has `nc`, this has node.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { codeBlocks, readPage, section } from "./page.ts";

const PATIENCE_MS = 20_000;
/** Printed before each command, so that it can be told what came of which. */
const MARK = "\u001e";

/** One command of the transcript. */
export interface TourStep {
  readonly command: string;
  /** What it prints, as lines with an end. */
  readonly prints: string;
}

const TOUR = readPage("docs/tour.md");
const NC = "nc 127.0.0.1 11300";
/** What `nc` does, where it may not be there. */
const NC_IN_NODE = `node -e 'const s = require("net").connect(11300, "127.0.0.1"); process.stdin.pipe(s).pipe(process.stdout)'`;

/** The definitions of `ask` that the tour offers: with nc, with bash alone, with node. */
export const DEFINITIONS: readonly string[] = codeBlocks(TOUR, "sh").map((code) => code.trim());

/** The transcript of the tour. */
export const STEPS: readonly TourStep[] = codeBlocks(TOUR, "console").flatMap(stepsOf);

/** The session in the README. */
export const SESSION: readonly TourStep[] = codeBlocks(
  section(readPage("README.md"), "A session"),
  "console",
).flatMap(stepsOf);

function stepsOf(transcript: string): TourStep[] {
  const parts = transcript.split(/^\$ /m).slice(1);
  return parts.map((part) => {
    const end = part.indexOf("\n");
    return { command: part.slice(0, end), prints: part.slice(end + 1) };
  });
}

/**
 * Does the steps in one bash, with that definition of `ask`, on that port; returns what each
 * printed, without carriage returns.
 */
export async function takeTour(
  steps: readonly TourStep[],
  definition: string,
  port: number,
): Promise<readonly TourStep[]> {
  const folder = await mkdtemp(join(tmpdir(), "homemaker-tour-"));
  const commands = steps.map(({ command }) => command.replace(NC, NC_IN_NODE));
  const script = [definition, ...commands.map((command) => `printf '${MARK}'\n${command}`)]
    .join("\n")
    .replaceAll("11300", String(port));
  try {
    const { stdout } = await promisify(execFile)("bash", ["-c", script], {
      cwd: folder,
      timeout: PATIENCE_MS,
    });
    const printed = stdout.replaceAll("\r", "").split(MARK).slice(1);
    return steps.map(({ command }, at) => ({ command, prints: printed[at] ?? "" }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
