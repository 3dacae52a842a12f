/* WatchList: the tubes that one connection watches, in the order in which list-tubes-watched shows
 * them.
 *
 * As in beanstalkd, ignoring a tube moves the last one into its place.
 */

import type { Shard } from "../engine/shard.ts";

interface Watched {
  readonly name: string;
  readonly shard: Shard;
  /** Address of the tube in its shard. */
  readonly tube: number;
}

/** The tubes of one connection. */
export class WatchList {
  readonly #list: Watched[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#list.length;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Adds a tube that is not in the list. */
  add(name: string, shard: Shard, tube: number): void {
    this.#places.set(name, this.#list.length);
    this.#list.push({ name, shard, tube });
  }

  /** Takes a tube out that is in the list. Throws a RangeError if it is not. */
  remove(name: string): Watched {
    const at = this.#places.get(name) ?? -1;
    const watched = this.#list[at];
    const last = this.#list.pop();
    if (watched === undefined || last === undefined) throw new RangeError(`${name} is not watched`);
    this.#places.delete(name);
    if (last !== watched) {
      this.#list[at] = last;
      this.#places.set(last.name, at);
    }
    return watched;
  }

  names(most = Infinity): readonly string[] {
    return this.#list.slice(0, most).map(({ name }) => name);
  }
}
