/*
 * Features: the document that features answers with: what this server knows beyond beanstalkd, for
 * clients that ask before they send what an old server would take for commands. It is made from the
 * tables of commands, tags and settings, so whatever they list appears here. Called by the session.
 */

import { COMMANDS, usageOf } from "../protocol/commands.ts";
import { PLAIN_LINE_BYTES } from "../protocol/line-length.ts";
import { ACK_LEVELS, TAGS } from "../protocol/tags.ts";
import { TUBE_SETTINGS } from "../protocol/tube-settings.ts";
import type { Desk, SessionLimits } from "./desk.ts";

/** The limits of sessions that a client may run into, under the names of their options. */
const OPTIONS: readonly (readonly [name: string, limit: keyof SessionLimits])[] = [
  ["max-job-size", "maxJobBytes"],
  ["max-failure-size", "maxFailureBytes"],
  ["max-batch-size", "maxBatchBytes"],
  ["max-result-size", "maxResultBytes"],
  ["max-results", "maxResultsBytes"],
  ["max-tubes", "maxTubes"],
  ["max-watch", "maxWatch"],
  ["max-output", "maxOutputBytes"],
];

/** Longest line of a command, and of each that may be longer. */
const LINES: readonly (readonly [name: string, bytes: number])[] = [
  ["max-line", PLAIN_LINE_BYTES],
  ...COMMANDS.flatMap(({ name, lineBytesMax }) =>
    lineBytesMax === undefined ? [] : [[`max-line-${name}`, lineBytesMax] as const],
  ),
];

/** `features`. */
export function features({ facts, limits, ackLevel }: Desk): string {
  const options = OPTIONS.map(([name, limit]) => [name, limits[limit]] as const);
  return [
    "---",
    `version: ${JSON.stringify(facts.version)}`,
    ...list("commands", COMMANDS.map(usageOf)),
    ...list(
      "tags",
      TAGS.map(({ usage }) => usage),
    ),
    ...list("ack", ACK_LEVELS.slice(0, ackLevel)),
    ...list(
      "settings",
      TUBE_SETTINGS.map(({ name, form }) => `${name}=${form}`),
    ),
    "limits:",
    ...[...options, ...LINES].map(([name, most]) => `  ${name}: ${most}`),
    "",
  ].join("\n");
}

/** A key with the items below it, each in double quotes. */
function list(key: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return [`${key}: []`];
  return [`${key}:`, ...items.map((item) => `- ${JSON.stringify(item)}`)];
}
