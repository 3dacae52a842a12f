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

/** Lists of up to so many tubes are gone through: most have two, and a table takes 300 bytes. */
const SEARCHED_MAX = 8;

/** The tubes of one connection. */
export class WatchList {
  #list: Watched[] = [];
  /** Where each tube stands, once there are many. */
  #places: Map<string, number> | undefined;

  get size(): number {
    return this.#list.length;
  }

  has(name: string): boolean {
    return this.#placeOf(name) >= 0;
  }

  /** The tube of that name if it is in the list. */
  find(name: string): Watched | undefined {
    return this.#list[this.#placeOf(name)];
  }

  /** Adds a tube that is not in the list. */
  add(name: string, shard: Shard, tube: number): void {
    const watched = { name, shard, tube };
    // An array that was pushed to has room for 17.
    if (this.#list.length === 0) this.#list = [watched];
    else this.#list.push(watched);
    if (this.#places !== undefined) this.#places.set(name, this.#list.length - 1);
    else if (this.#list.length > SEARCHED_MAX)
      this.#places = new Map(this.#list.map((one, at) => [one.name, at]));
  }

  /** Where the tube stands in the list; -1 if it does not. */
  #placeOf(name: string): number {
    if (this.#places !== undefined) return this.#places.get(name) ?? -1;
    return this.#list.findIndex((one) => one.name === name);
  }

  /** Takes a tube out that is in the list. Throws a RangeError if it is not. */
  remove(name: string): Watched {
    const at = this.#placeOf(name);
    const watched = this.#list[at];
    const last = this.#list.pop();
    if (watched === undefined || last === undefined) throw new RangeError(`${name} is not watched`);
    this.#places?.delete(name);
    if (last !== watched) {
      this.#list[at] = last;
      this.#places?.set(last.name, at);
    }
    return watched;
  }

  names(most = Infinity): readonly string[] {
    return this.#list.slice(0, most).map(({ name }) => name);
  }
}
