/* Copy options: where a copy of the journal is kept. A part of OPTIONS (options.ts). */
import type { Option } from "./option.ts";
import { duration, given, journalUrl, reachedAddress } from "./option-values.ts";

/** The part of Options that is about it. */
export interface CopyOptions {
  /** The url of the remote journal; absent: there is no copy. */
  readonly journalUrl: string | undefined;
  /**
   * Milliseconds after which another server may lead when the one that leads is out of the remote
   * journal's reach.
   */
  readonly journalLeaseMillis: number;
  /** Where clients reach this server; absent: its first address, with the host's name. */
  readonly journalAddress: string | undefined;
  /** It listens while it stands by, too, and tells clients who leads. */
  readonly journalRedirects: boolean;
}

/** As declared. */
export const COPY_OPTIONS: { readonly [Key in keyof CopyOptions]: Option<CopyOptions[Key]> } = {
  journalUrl: {
    name: "journal",
    category: "Durability",
    placeholder: "URL",
    help: "keep a copy of the journal there, a postgres:// url; one server leads, others stand by",
    default: undefined,
    defaultText: "no copy",
    ...journalUrl,
  },
  journalLeaseMillis: {
    name: "journal-lease",
    category: "Durability",
    placeholder: "DURATION",
    help: "with --journal: when the server that leads has been out of reach for so long, another leads",
    default: 10_000,
    ...duration(1000, 600_000, "a duration from 1s to 10m"),
  },
  journalAddress: {
    name: "journal-address",
    category: "Durability",
    placeholder: "ADDRESS",
    help: "with --journal: what others are told of where clients reach this server when it leads",
    default: undefined,
    defaultText: "the first address of -l, with the host's name for a wildcard",
    ...reachedAddress,
  },
  journalRedirects: {
    name: "journal-redirect",
    category: "Durability",
    help: "with --journal: listen while another server leads, too, and tell clients where that is",
    default: false,
    defaultText: "only the server that leads listens",
    ...given,
  },
};

/** What is wrong with them and the level, each right by itself; undefined if nothing is. */
export function copyConflictIn({
  journalUrl: url,
  journalRedirects,
  dataDirectory,
  durability,
  user,
}: Pick<CopyOptions, "journalUrl" | "journalRedirects"> & {
  readonly dataDirectory: string | undefined;
  readonly durability: string | undefined;
  readonly user: string | undefined;
}): string | undefined {
  if (url === undefined) {
    if (journalRedirects) return "--journal-redirect needs --journal";
    return durability === "replicated" ? "--durability replicated needs --journal" : undefined;
  }
  if (journalRedirects && user !== undefined) {
    return "--journal-redirect: with --user a server cannot listen anew when it leads";
  }
  if (dataDirectory === undefined) return "--journal needs --data: it is a copy of what lies there";
  if (durability !== "os") return undefined;
  return "--journal copies what is synced, and at --durability os nothing is: set replicated, sync or interval";
}
