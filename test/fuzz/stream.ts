/*
 * A stream: everything that the clients of one run do, as data that can be generated, shortened,
 * printed and replayed.
 */
import { partsOf } from "./raw-replies.ts";
import type { Unit } from "./unit.ts";

/**
 * One action of one client, or of the operator. A step begins when the one before it is answered.
 */
export type Step =
  /**
   * Sends the units, cut into pieces as `cuts` says (see Peer.send; 0: one piece), and waits for
   * all replies.
   */
  | { kind: "burst"; connection: number; units: readonly Unit[]; cuts: number }
  /**
   * Sends the units and bytes that need no reply (`tail`), then FIN, and reads until the server
   * closes.
   */
  | { kind: "farewell"; connection: number; units: readonly Unit[]; tail: Buffer; cuts: number }
  /**
   * The waiters reserve on a tube of their own, one after the other; then the giver puts a job for
   * each.
   */
  | { kind: "meeting"; waiters: readonly number[]; giver: number; tube: string }
  /** The operator sends SIGUSR1. */
  | { kind: "drain" };

/** What is played to a server from its start. */
export interface Stream {
  /** Generates this stream again, together with the number of commands. */
  readonly seed: number;
  readonly maxJobSizeBytes: number;
  readonly steps: readonly Step[];
}

/** How many requests a stream makes, those of the player's own not counted. */
export function countRequests(stream: Stream): number {
  return stream.steps.reduce((sum, step) => sum + requestsOf(step), 0);
}

function requestsOf(step: Step): number {
  if (step.kind === "drain") return 0;
  if (step.kind === "meeting") return 3 * step.waiters.length + 1;
  return step.units.reduce((sum, unit) => sum + unit.requests.length, 0);
}

/**
 * The stream as text for people: one line per unit or action, unprintable bytes escaped, long
 * bodies shortened.
 */
export function describeStream(stream: Stream): string {
  const lines = [`server: -z ${stream.maxJobSizeBytes}`];
  for (const step of stream.steps) lines.push(...describeStep(step));
  return lines.join("\n");
}

function describeStep(step: Step): string[] {
  if (step.kind === "drain") return ["operator: SIGUSR1"];
  if (step.kind === "meeting") {
    const waiters = step.waiters.join(", ");
    return [
      `connections ${waiters}: watch ${step.tube}, reserve (one after the other)`,
      `connection ${step.giver}: use ${step.tube}, one put for each of them`,
    ];
  }
  const who = `connection ${step.connection}`;
  const lines = step.units.map((unit) => `${who}: ${printable(unit.bytes)}`);
  if (step.kind === "farewell") lines.push(`${who}: ${printable(step.tail)} and then FIN`);
  return lines;
}

/**
 * Bytes as one line of text: a quoted string with escapes, long runs of a byte counted, its middle
 * left out if it is long.
 */
export function printable(bytes: Buffer): string {
  const text = bytes.toString("latin1").replace(/(.)\1{15,}/gs, (run, byte: string) => {
    return `<${run.length} times ${JSON.stringify(byte)}>`;
  });
  const shown = JSON.stringify(text).slice(1, -1);
  if (shown.length <= 400) return `"${shown}"`;
  return `"${shown.slice(0, 280)} <... ${bytes.length} bytes in all ...> ${shown.slice(-60)}"`;
}

/** A reply as one line of text. */
export function printableReply(reply: Buffer | undefined): string {
  if (reply === undefined) return "(no reply)";
  const { line, body } = partsOf(reply);
  return body === undefined
    ? printable(reply)
    : `${printable(Buffer.from(line))} + ${printable(body)}`;
}
