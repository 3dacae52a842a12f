/* Storages: every kind of place that a journal can lie in.
 *
 * A new one is a file beside this one and a line in the table. A place is a word of the user's,
 * such as a directory, so that each thread can open it for itself. Used by the runtimes, and by the
 * commands that look at journals.
 */
import type { InspectedStorage, Storage } from "../storage.ts";
import { NodeStorage } from "./node-fs.ts";
import { ReadOnlyStorage } from "./read-only.ts";

/** One kind of place. */
interface StorageKind {
  /** How its words begin; empty for a directory, which is what any other word is. */
  readonly prefix: string;
  /** Opens it, and makes it if it is not there. Throws a StorageError. */
  open(place: string): Storage;
  /** Opens what is there for somebody who only looks. Throws a StorageError. */
  look(place: string): InspectedStorage;
}

const DIRECTORY: StorageKind = {
  prefix: "",
  open: (place) => new NodeStorage(place),
  look: (place) => new ReadOnlyStorage(place),
};

const STORAGES: readonly StorageKind[] = [DIRECTORY];

/** Opens the place, and makes it if it is not there. Throws a StorageError. */
export function openStorage(place: string): Storage {
  const { kind, rest } = find(place);
  return kind.open(rest);
}

/** Opens the place for somebody who only looks. Throws a StorageError. */
export function lookInto(place: string): InspectedStorage {
  const { kind, rest } = find(place);
  return kind.look(rest);
}

function find(place: string): { readonly kind: StorageKind; readonly rest: string } {
  const named = STORAGES.filter(({ prefix }) => prefix !== "");
  const kind = named.find(({ prefix }) => place.startsWith(prefix)) ?? DIRECTORY;
  return { kind, rest: place.slice(kind.prefix.length) };
}
