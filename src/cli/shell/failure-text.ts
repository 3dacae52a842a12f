/*
 * Failure text: the failures of a job as list-failures has them, for a screen and for JSON.
 * Messages come from strangers.
 */
import { laidOutFailure } from "../../worker/serialized-error.ts";
import { shown, shownText } from "./text.ts";
import type { Facts } from "./text.ts";

const ENDS: Readonly<Record<string, string>> = {
  buried: "buried",
  released: "released",
  "timed-out": "out of time",
  "connection-lost": "connection lost",
  expired: "expired",
  exhausted: "no attempt left",
};
const INDENT = "    ";
const MILLIS = 1000;

/**
 * A failure as members of JSON: as it is, a message that is no text in base64 under
 * `messageBase64`, as bodies are.
 */
export function failureFields(failure: Facts): Facts {
  const { "message-base64": base64, ...others } = failure;
  return base64 === undefined ? others : { ...others, messageBase64: base64 };
}

/**
 * A failure as lines: when, which attempt, how it ended, whose it was; below them the message, set
 * in, or the error with its stack and its causes, if a worker of the library left it.
 */
export function failureLines(failure: Facts): string[] {
  const { attempt = "", at = 0, who = "", end = "" } = failure;
  const when = typeof at === "number" ? new Date(at * MILLIS).toISOString() : String(at);
  const how = ENDS[String(end)] ?? String(end);
  const head = `${when}  attempt ${attempt}  ${how}${who === "" ? "" : `  ${who}`}`;
  const bytes = messageOf(failure);
  const error = laidOutFailure(bytes);
  const message = error === undefined ? shown(bytes) : shown(new TextEncoder().encode(error));
  return [
    shownText(head),
    ...(message === "" ? [] : message.split("\n").map((line) => INDENT + line)),
  ];
}

function messageOf({ message = "", "message-base64": base64 }: Facts): Uint8Array {
  return base64 === undefined
    ? new TextEncoder().encode(String(message))
    : Uint8Array.from(atob(String(base64)), (character) => character.charCodeAt(0));
}
