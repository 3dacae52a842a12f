/* Queue options: what is said of a queue, looked at before anything is opened for it: what would
 * fail afterwards would leave a directory locked, or connections open. Used by src/entries/.
 */
import { checkFunction, checkLogger, fieldsOf, shown } from "./checked.ts";
import { BadOptionError } from "./errors.ts";
import { checkNames } from "./known-options.ts";
import type { Known } from "./known-options.ts";
import type { QueueHooks, QueueOptions } from "./queue.ts";

const QUEUE_OPTIONS: Known<QueueOptions> = {
  now: true,
  clock: true,
  telemetry: true,
  logger: true,
  hooks: true,
};
const QUEUE_HOOKS: Known<QueueHooks> = { beforeEnqueue: true };

/** What may be said beside, by the names of the options: each is an object with these names. */
export type Parts = Readonly<Record<string, Readonly<Record<string, true>>>>;

/** Throws a BadOptionError. `words` are the names of options that are texts. */
export function checkQueueOptions(
  options: unknown,
  parts: Parts = {},
  words: readonly string[] = [],
): void {
  const given = objectOf("openQueue", options);
  const others = [...Object.keys(parts), ...words];
  const names = Object.fromEntries(others.map((name) => [name, true as const]));
  checkNames("openQueue", given, { ...QUEUE_OPTIONS, ...names });
  for (const name of words) checkText(name, given[name]);
  checkFunction("now", given["now"]);
  checkClock(given["clock"]);
  checkTelemetry(given["telemetry"]);
  checkLogger(given["logger"]);
  checkHooks(given["hooks"]);
  for (const [name, known] of Object.entries(parts)) {
    const part = given[name];
    if (part !== undefined) checkNames(name, objectOf(name, part), known);
  }
}

/** Throws a BadOptionError unless it is a URL, or an object that may be a target. */
export function checkTarget(target: unknown): void {
  if (typeof target === "string" || isObject(target)) return;
  throw new BadOptionError(
    `openQueue: ${shown(target)} is no queue; expected a URL, { memory: true } or ` +
      "{ directory: path }",
  );
}

function checkClock(clock: unknown): void {
  if (clock === undefined) return;
  const { now, after } = fieldsOf(clock);
  if (typeof now === "function" && typeof after === "function") return;
  throw new BadOptionError(`clock: ${shown(clock)} has not both of now, after`);
}

/** It may be a secret, so it is not shown. */
function checkText(name: string, text: unknown): void {
  if (text === undefined || typeof text === "string") return;
  throw new BadOptionError(`${name}: a ${typeof text} is no text`);
}

function checkHooks(hooks: unknown): void {
  if (hooks === undefined) return;
  const given = objectOf("hooks", hooks);
  checkNames("hooks", given, QUEUE_HOOKS);
  checkFunction("hooks.beforeEnqueue", given["beforeEnqueue"]);
}

function checkTelemetry(telemetry: unknown): void {
  if (telemetry === undefined) return;
  if (Array.isArray(telemetry) && telemetry.every(isObject)) return;
  throw new BadOptionError("telemetry: an array of those that are told");
}

function objectOf(what: string, value: unknown): Partial<Record<string, unknown>> {
  if (isObject(value)) return fieldsOf(value);
  throw new BadOptionError(`${what}: ${shown(value)} is no object with options`);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
