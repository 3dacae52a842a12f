/* Outbox options: which table of an application's jobs become jobs here. A part of OPTIONS
 * (options.ts).
 */
import type { CopyOptions } from "./copy-options.ts";
import type { Option } from "./option.ts";
import { journalUrl } from "./option-values.ts";

/** The part of Options that is about it. */
export interface OutboxOptions {
  /** The url of the database, or "journal" for the journal's; absent: there is none. */
  readonly outbox: string | undefined;
}

/** As declared. */
export const OUTBOX_OPTIONS: { readonly [Key in keyof OutboxOptions]: Option<OutboxOptions[Key]> } =
  {
    outbox: {
      name: "outbox",
      category: "Durability",
      placeholder: "URL",
      help: "rows of the table homemaker.outbox become jobs: in the database of --journal, or at a postgres:// url",
      default: undefined,
      defaultText: "no outbox",
      ...journalUrl,
      expects: "journal, or a url such as postgres://user@host:5432/database",
      parse: (words, ...more) =>
        words.at(-1) === "journal" ? "journal" : journalUrl.parse(words, ...more),
    },
  };

/** What is wrong with them beside others, each right by itself; undefined if nothing is. */
export function outboxConflictIn({
  outbox,
  journalUrl: journal,
  dataDirectory,
}: OutboxOptions &
  Pick<CopyOptions, "journalUrl"> & { readonly dataDirectory: string | undefined }):
  | string
  | undefined {
  if (outbox === undefined) return undefined;
  if (dataDirectory === undefined) {
    return "--outbox needs --data: a row is removed when its job is on the disk";
  }
  if (outbox !== "journal" || journal !== undefined) return undefined;
  return "--outbox journal needs --journal; or give the url of the database";
}
