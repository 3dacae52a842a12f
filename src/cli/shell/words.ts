/* Words: what stands behind the name of a shell command, read into what it asks for. A word that is
 * wrong throws a WordError, whose message is what the user reads. Called by the table of commands
 * (syntax.ts).
 */
import { ID_MAX } from "../../../assembly/constants.ts";
import { isTubeNameText, TUBE_NAME_RULE } from "../../protocol/tube-name.ts";
import { TUBE_SETTINGS, TubeSettings } from "../../protocol/tube-settings.ts";
import { PUT_END, PutTags, TAGS } from "../../protocol/tags.ts";
import type { Units } from "../../text/control.ts";
import { JOB_STATES, TUBE_COLUMNS } from "./request.ts";
import type { JobState, Request, TubeColumn } from "./request.ts";

/** What is wrong with a word. Its message is what the user reads. */
export class WordError extends Error {
  override readonly name = "WordError";
  readonly code = "HM_USAGE";
}

export const PRI_MAX = 4_294_967_295;
export const SECONDS_MAX = 4_294_967_295;
export const LIST_MAX = 1000;

/** The words behind the name, and the flags, as commander has them. */
export interface Given {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string | true | undefined>>;
  readonly units: Units;
}

/** What can be set for a tube, as it is written. */
export const SETTING_FORMS = TUBE_SETTINGS.map(({ name, form }) => `${name}=${form}`).join(", ");

/** What a job can be tagged with, as it is written. */
export const TAG_FORMS = TAGS.map(({ usage }) => usage).join(", ");

/** The words, if they are settings that a set-tube may have together. */
export function settingsOf(words: readonly string[], tube: string): readonly string[] {
  const settings = new TubeSettings();
  const wrong = words.find((word) => !settings.read(word));
  if (wrong === undefined && settings.leadsBackTo(tube))
    throw new WordError(`the dead jobs of ${tube} cannot go to it`);
  if (wrong === undefined) return words;
  throw new WordError(`expected each of ${SETTING_FORMS} at most once, not "${wrong}"`);
}

export function statsRequest({ words, flags }: Given): Request {
  const [tube] = words;
  const { job } = flags;
  if (tube !== undefined && job !== undefined) throw new WordError("a tube or a job, not both");
  if (typeof job === "string") return { verb: "stats", job: idOf(job) };
  return tube === undefined ? { verb: "stats" } : { verb: "stats", tube: tubeOf(tube) };
}

export function peekRequest({ words, flags }: Given): Request {
  const [id] = words;
  const { tube, state } = flags;
  if ((id === undefined) === (tube === undefined)) {
    throw new WordError("expected an id, or --tube");
  }
  if (id !== undefined) return { verb: "peek", job: idOf(id) };
  return { verb: "peek-tube", tube: tubeOf(tube), state: stateOf(state) };
}

export function putRequest({ words, flags, units }: Given): Request {
  const [tube, body] = words;
  const isLines = flags["lines"] === true;
  if (isLines && body !== undefined)
    throw new WordError("--lines reads standard input, so no BODY");
  return {
    verb: "put",
    tube: tubeOf(tube),
    isLines,
    ...(body !== undefined && { body }),
    pri: numberOf(flags["pri"] ?? "1024", "--pri", 0, PRI_MAX),
    delaySeconds: secondsOf(flags["delay"] ?? "0", "--delay", 0, SECONDS_MAX, units),
    ttrSeconds: secondsOf(flags["ttr"] ?? "1m", "--ttr", 1, SECONDS_MAX, units),
    ...(flags["tags"] !== undefined && { tags: tagsOf(flags["tags"]) }),
  };
}

function tagsOf(given: string | true): string {
  const tags = String(given)
    .split(" ")
    .filter((word) => word !== "")
    .join(" ");
  const bytes = new TextEncoder().encode(` ${tags}`);
  if (new PutTags().read(bytes, 0, bytes.length) !== PUT_END.TAGGED)
    throw new WordError(`--tags: expected some of ${TAG_FORMS}, not ${JSON.stringify(given)}`);
  return tags;
}

export function updateRequest({ words, flags, units }: Given): Request {
  const { pri, delay } = flags;
  if (pri === undefined && delay === undefined) throw new WordError("expected --pri or --delay");
  return {
    verb: "update-job",
    jobs: words.map(idOf),
    ...(pri !== undefined && { pri: numberOf(pri, "--pri", 0, PRI_MAX) }),
    ...(delay !== undefined && {
      delaySeconds: secondsOf(delay, "--delay", 0, SECONDS_MAX, units),
    }),
  };
}

export function reserveRequest({ words, flags, units }: Given): Request {
  const isDone = flags["delete"] === true;
  const { message } = flags;
  if (isDone && flags["bury"] === true) throw new WordError("--delete or --bury, not both");
  if (isDone && message !== undefined) throw new WordError("--delete or --message, not both");
  return {
    verb: "reserve",
    tubes: words.length === 0 ? ["default"] : words.map(tubeOf),
    timeoutSeconds: secondsOf(flags["timeout"] ?? "0", "--timeout", 0, SECONDS_MAX, units),
    afterwards: isDone ? "delete" : flags["bury"] === true ? "bury" : "release",
    ...(typeof message === "string" && { message }),
  };
}

export function tubeOf(word: string | true | undefined): string {
  if (typeof word === "string" && isTubeNameText(word)) return word;
  throw new WordError(`"${word ?? ""}" cannot name a tube: ${TUBE_NAME_RULE}`);
}

export function idOf(word: string | undefined): number {
  return numberOf(word ?? "", "ID", 1, ID_MAX);
}

export function stateOf(word: string | true | undefined): JobState {
  const state = JOB_STATES.find((one) => one === (word ?? "ready"));
  if (state === undefined) throw new WordError(`expected ${JOB_STATES.join(", ")}, not "${word}"`);
  return state;
}

export function columnOf(word: string | true): TubeColumn {
  const column = TUBE_COLUMNS.find((one) => one === word);
  if (column === undefined) {
    throw new WordError(`--sort: expected ${TUBE_COLUMNS.join(", ")}, not "${word}"`);
  }
  return column;
}

export function numberOf(word: string | true, what: string, least: number, most: number): number {
  const number = typeof word === "string" && /^\d{1,16}$/.test(word) ? Number(word) : NaN;
  if (number >= least && number <= most) return number;
  throw new WordError(`${what}: expected a number from ${least} to ${most}, not "${word}"`);
}

/** Whole seconds, which is what the protocol has: "90", "90s", "5m", "1h". */
export function secondsOf(
  word: string | true,
  what: string,
  least: number,
  most: number,
  units: Units,
): number {
  const millis = word === true ? undefined : units.parseDuration(word);
  const seconds = (millis ?? Number.NaN) / 1000;
  if (Number.isInteger(seconds) && seconds >= least && seconds <= most) return seconds;
  const range = `whole seconds, ${least} to ${most}`;
  throw new WordError(
    `${what}: expected a duration such as 30s, 5m or 1h (${range}), not "${word}"`,
  );
}
