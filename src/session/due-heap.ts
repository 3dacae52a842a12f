/* DueHeap: the blocked sessions of one thread in the order in which they must be woken: a binary
 * heap whose members know their place.
 *
 * Any member can be removed at once, so that a worker that blocks and is served a million times
 * leaves nothing behind.
 */

/** What stands in the heap. Only the heap writes `heapIndex`; -1 means that it stands in none. */
export interface Due {
  dueMicros: number;
  heapIndex: number;
}

/** A heap of what is due. */
export class DueHeap<Member extends Due> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** The member that is due first. */
  first(): Member | undefined {
    return this.#members[0];
  }

  /**
   * Adds a member that stands in no heap, by its `dueMicros`, which must not change while it stands
   * here.
   */
  add(member: Member): void {
    member.heapIndex = this.#members.length;
    this.#members.push(member);
    this.#up(member);
  }

  /** Takes a member out; nothing happens when it stands in no heap. */
  remove(member: Member): void {
    const at = member.heapIndex;
    if (at < 0) return;
    member.heapIndex = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#put(last, at);
    this.#up(last);
    this.#down(last);
  }

  #put(member: Member, at: number): void {
    this.#members[at] = member;
    member.heapIndex = at;
  }

  #up(member: Member): void {
    for (;;) {
      const at = member.heapIndex;
      const parent = this.#members[(at - 1) >> 1];
      if (at === 0 || parent === undefined || parent.dueMicros <= member.dueMicros) return;
      const above = parent.heapIndex;
      this.#put(parent, at);
      this.#put(member, above);
    }
  }

  #down(member: Member): void {
    for (;;) {
      const child = this.#lesserChild(member.heapIndex);
      if (child === undefined || child.dueMicros >= member.dueMicros) return;
      const below = child.heapIndex;
      this.#put(child, member.heapIndex);
      this.#put(member, below);
    }
  }

  #lesserChild(at: number): Member | undefined {
    const left = this.#members[2 * at + 1];
    const right = this.#members[2 * at + 2];
    if (left === undefined || right === undefined) return left;
    return right.dueMicros < left.dueMicros ? right : left;
  }
}
