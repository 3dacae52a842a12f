/* Broker news: what a page and the worker that has its queue say to each other, beside the bytes of
 * connections; and errors, which lose their class on the way. Used by page-queue.ts and
 * browser-broker.ts.
 */
import { BrokenError, JournalError } from "../broker/errors.ts";
import type { BrokerOptions } from "../broker/broker-options.ts";
import { ModuleMissingError } from "../runtime.ts";
import { BadOptionError } from "../worker/errors.ts";
import type { LogFields, LogLevel } from "../log.ts";

/** What a broker's worker begins with. */
export interface BrokerSeed {
  /** Only what can be posted. */
  readonly options: BrokerOptions;
  /** Whether the page wants to hear what there is for the log. */
  readonly hasLog: boolean;
  /** By which the page asks for connections: a MessagePort. */
  readonly port: object;
}

/** What the page tells the worker later. */
export type PageNews =
  /** One more thread of the page's asks for connections by that port. */
  | { readonly kind: "share"; readonly port: object }
  /** Close the queue, and say so. */
  | { readonly kind: "close" };

/** What the worker tells the page. */
export type BrokerNews =
  /** The jobs are there. */
  | { readonly kind: "open" }
  /** It cannot be opened. */
  | { readonly kind: "failed"; readonly error: PostedError }
  /** It is of no use any more. */
  | { readonly kind: "broken"; readonly error: PostedError }
  /** It is closed, and all that was to go to the disk is there, unless there is an error. */
  | { readonly kind: "closed"; readonly error: PostedError | undefined }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields | undefined;
    };

/** An error on its way. */
export interface PostedError {
  readonly message: string;
  /** Empty where it has none. */
  readonly code: string;
  /** As JournalError has it. */
  readonly reason: string;
}

/** What of an error goes over. */
export function postedError(error: unknown): PostedError {
  const said = (name: "code" | "reason"): string => {
    const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined;
    return typeof value === "string" ? value : "";
  };
  const message = error instanceof Error ? error.message : String(error);
  return { message, code: said("code"), reason: said("reason") };
}

/** The error again: what no program can be to blame for is a BrokenError. */
export function arrivedError({ message, code, reason }: PostedError): Error {
  if (code === "HM_JOURNAL") return new JournalError(message, reason);
  if (code === "HM_OPTION") return new BadOptionError(message);
  if (code === "HM_MODULE_MISSING") return new ModuleMissingError(message);
  return new BrokenError(message);
}
