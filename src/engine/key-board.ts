/* Key board: what the jobs of all shards have in common by a name: concurrency keys, how many jobs
 * with each are held and how many may be; and groups, how many members each has and how many jobs
 * wait until it has none.
 *
 * One memory that all threads share, beside those of the shards. A key has a slot of SLOT_BYTES; it
 * is there while a shard has a job with it. Its numbers are read and written by Atomics alone, at
 * any moment. Names are found, made and freed under the board's own lock, which is always the last
 * that is taken: nobody asks for a shard's lock while having it (docs/architecture-keys.md has
 * the order of all locks). The engine calls the board as functions that it imports (`forShard`).
 *
 * Invariant: never more are held than may be. A shard in which jobs stand aside, because their key
 * is at its limit, has its bit in the slot; whoever gives the key back takes all bits and has those
 * shards look again (`openElsewhere`), one after the other, when the lock of its own is free.
 * test/model/keys.pml is this protocol.
 *
 * The numbers of a group change under the board's lock: whoever is to wait sees that the group is
 * complete, or has its shard's bit there before the last member goes. Each time that a group is
 * complete is a turn, and a job waits for the one that was next when it began: that may be over by
 * the time its shard looks again. test/model/turns.pml is this one.
 *
 *   first:  | lock | first free slot | first slot never used | keys in use | ... | heads of lists
 *   slot:   | held | limit | shards, low and high | refs | hash | next | kind, bytes | waiting
 *           | turn | name
 *   group:  | members | buried | likewise
 */
import * as C from "../../assembly/constants.ts";

/** Pages that the memory begins with: the heads. What no key has used takes no memory. */
const PAGES_FIRST = 17;
const PAGES_MAX = 65_536;
const PAGE_BYTES = 65_536;
const SLOT_BYTES = 256;
const SLOT_WORDS = SLOT_BYTES / 4;
const FIRST_SLOT = (PAGES_FIRST * PAGE_BYTES) / SLOT_BYTES;

/* Words of the first pages. */
const LOCK = 0;
const FREE = 1;
const UNUSED = 2;
const IN_USE = 3;
const HEADS = 64;
/**
 * How many lists there are, each of keys whose hashes have the same low bits: four long where a
 * million keys are in use.
 */
const HEAD_COUNT = 262_144;

/* Words of a slot; bytes before the name. */
const HELD = 0;
const LIMIT = 1;
const SHARDS_LOW = 2;
const SHARDS_HIGH = 3;
const REFS = 4;
const HASH = 5;
const NEXT = 6;
/** Its kind, and the bytes of its name. */
const NAMED = 7;
const WAITING = 8;
const TURN = 9;
const NAME = 40;
/* Of a group. */
const MEMBERS = HELD;
const BURIED = LIMIT;

const LIMIT_MAX = 0x7fff_ffff;
/** Looks at the lock before sleeping. */
const SPINS = 100;
/** A lock that nobody gives back for so many steps belongs to a thread that died. */
const LOCK_STEPS = 30;
const LOCK_STEP_MILLIS = 1000;

/** What the engine imports of it (assembly/board.ts says what each does). */
export interface BoardImports extends WebAssembly.ModuleImports {
  readonly refer: (kind: number, name: number, bytes: number, hash: number) => number;
  readonly drop: (slot: number) => void;
  readonly raise: (slot: number, limit: number) => number;
  readonly claim: (slot: number) => number;
  readonly isOpen: (slot: number) => number;
  readonly free: (slot: number) => number;
  readonly block: (slot: number) => number;
  readonly tell: (now: number) => void;
  readonly join: (slot: number) => void;
  readonly part: (slot: number) => number;
  readonly bury: (slot: number, count: number) => void;
  readonly isComplete: (slot: number) => number;
  readonly park: (slot: number, always: number) => number;
  readonly unpark: (slot: number) => void;
  readonly turn: (slot: number) => number;
  readonly settle: (slot: number) => number;
  readonly again: (slot: number) => void;
}

/** How a group is at a moment. */
export interface GroupFigures {
  readonly members: number;
  /** Of them. */
  readonly buried: number;
  /** Jobs that wait until it is complete. */
  readonly waiting: number;
}

/** A shard that can be told to look again. */
interface Opener {
  readonly index: number;
  openKey(slot: number, hash: number, now: number): number;
}

/** Shards that are to look again at a key or a group. */
interface Opening {
  readonly slot: number;
  readonly hash: number;
  readonly low: number;
  readonly high: number;
}

/** The board is not as it must be, or whoever had its lock is gone. */
class BoardError extends Error {
  override readonly name = "BoardError";
  readonly code = "HM_ENGINE_BOARD";
}

/** Makes the memory of a board. */
export function makeBoard(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: PAGES_FIRST, maximum: PAGES_MAX, shared: true });
}

/** The board as one thread sees it. */
export class KeyBoard {
  readonly #memory: WebAssembly.Memory;
  readonly #tookPage: () => void;
  #words: Int32Array;
  #bytes: Uint8Array;
  #shards: readonly Opener[] = [];
  readonly #openings: Opening[] = [];
  #now = 0;
  #isOpening = false;

  /** `memory`: of `makeBoard`; `tookPage` is told of each page that it grows by. */
  constructor(memory: WebAssembly.Memory, tookPage: () => void) {
    this.#memory = memory;
    this.#tookPage = tookPage;
    this.#words = new Int32Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /** The thread's handles on all shards, once they are made. */
  serve(shards: readonly Opener[]): void {
    this.#shards = shards;
  }

  /** How many keys have a job that is held. */
  get keysInUse(): number {
    return Atomics.load(this.#words, IN_USE);
  }

  /** How many jobs with the key of a slot are held, and how many may be. */
  figuresOf(slot: number): { readonly held: number; readonly limit: number } {
    const at = this.#at(slot);
    const [held, limit] = [HELD, LIMIT].map((word) => Atomics.load(this.#words, at + word));
    return { held: held ?? 0, limit: limit ?? 0 };
  }

  /** What the instance on the memory of shard `index` imports. */
  forShard(index: number, memory: WebAssembly.Memory): BoardImports {
    const low = index < 32 ? 1 << index : 0;
    const high = index < 32 ? 0 : 1 << (index - 32);
    let view = new Uint8Array(memory.buffer);
    return {
      refer: (kind, name, bytes, hash) => {
        const from = name >>> 0;
        if (from + bytes > view.length) view = new Uint8Array(memory.buffer);
        return this.#refer(kind, view, from, bytes, hash);
      },
      drop: (slot) => this.#drop(slot),
      raise: (slot, limit) => this.#raise(slot, limit, low, high),
      claim: (slot) => this.#claim(slot),
      isOpen: (slot) => this.#isOpen(slot),
      free: (slot) => this.#free(slot, low, high),
      block: (slot) => this.#block(slot, low, high),
      tell: (now) => {
        this.#now = now;
      },
      join: (slot) => this.#join(slot),
      part: (slot) => this.#part(slot, low, high),
      bury: (slot, count) => void this.#add(slot, BURIED, count),
      isComplete: (slot) => this.#isComplete(slot),
      park: (slot, always) => this.#park(slot, always !== 0, low, high),
      unpark: (slot) => void this.#add(slot, WAITING, -1),
      turn: (slot) => this.#add(slot, TURN, 0),
      settle: (slot) => this.#settle(slot),
      again: (slot) => this.#again(slot, low, high),
    };
  }

  /** Has the shards look again that the last calls found blocked; the caller has no lock. */
  openElsewhere(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      for (let one = this.#openings.shift(); one !== undefined; one = this.#openings.shift()) {
        for (const shard of this.#shards) {
          if (hasShard(one, shard.index)) shard.openKey(one.slot, one.hash, this.#now);
        }
      }
    } finally {
      this.#isOpening = false;
    }
  }

  /* Numbers. */

  /** Where the words of a slot begin. */
  #at(slot: number): number {
    const at = slot * SLOT_WORDS;
    if (at + SLOT_WORDS > this.#words.length) this.#look();
    return at;
  }

  /** The memory has grown. */
  #look(): void {
    this.#words = new Int32Array(this.#memory.buffer);
    this.#bytes = new Uint8Array(this.#memory.buffer);
  }

  /** One job more is held, unless the key is at its limit: 1 or 0. */
  #claim(slot: number): number {
    const at = this.#at(slot);
    const words = this.#words;
    for (;;) {
      const held = Atomics.load(words, at + HELD);
      if (held >= Atomics.load(words, at + LIMIT)) return 0;
      if (Atomics.compareExchange(words, at + HELD, held, held + 1) !== held) continue;
      if (held === 0) Atomics.add(words, IN_USE, 1);
      return 1;
    }
  }

  /** One job less is held; 1 if other shards are to look again. */
  #free(slot: number, low: number, high: number): number {
    const at = this.#at(slot);
    if (Atomics.sub(this.#words, at + HELD, 1) === 1) Atomics.sub(this.#words, IN_USE, 1);
    return this.#open(slot, low, high);
  }

  /** At least so many may be held; 1 if other shards are to look again. */
  #raise(slot: number, asked: number, low: number, high: number): number {
    const at = this.#at(slot);
    const limit = Math.min(asked >>> 0, LIMIT_MAX);
    for (;;) {
      const before = Atomics.load(this.#words, at + LIMIT);
      if (before >= limit) return 0;
      if (Atomics.compareExchange(this.#words, at + LIMIT, before, limit) === before) break;
    }
    return this.#open(slot, low, high);
  }

  /** Takes the bits of all shards; those of others are kept until `openElsewhere`. */
  #open(slot: number, ownLow: number, ownHigh: number): number {
    const at = this.#at(slot);
    const words = this.#words;
    const isAny = Atomics.load(words, at + SHARDS_LOW) | Atomics.load(words, at + SHARDS_HIGH);
    if (isAny === 0) return 0;
    const low = Atomics.exchange(words, at + SHARDS_LOW, 0) & ~ownLow;
    const high = Atomics.exchange(words, at + SHARDS_HIGH, 0) & ~ownHigh;
    if ((low | high) === 0) return 0;
    this.#openings.push({ slot, hash: words[at + HASH] ?? 0, low, high });
    return 1;
  }

  /** In the shard jobs stand aside; 1 when the key can be had after all. */
  #block(slot: number, low: number, high: number): number {
    this.#mark(this.#at(slot), low, high);
    return this.#isOpen(slot);
  }

  /** Whether one job more may be held: 1 or 0. */
  #isOpen(slot: number): number {
    const at = this.#at(slot);
    return Atomics.load(this.#words, at + HELD) < Atomics.load(this.#words, at + LIMIT) ? 1 : 0;
  }

  /* Groups. */

  /** How the group is whose name has that hash; undefined when nobody is in it or waits for it. */
  group(name: Uint8Array, hash: number): GroupFigures | undefined {
    this.#enter();
    const slot = this.#find((C.TAG_GRP << 8) | name.length, name, 0, hash);
    const at = this.#at(slot);
    const [members = 0, buried = 0] = this.#words.subarray(at + MEMBERS, at + BURIED + 1);
    const waiting = this.#words[at + WAITING] ?? 0;
    this.#leave();
    return slot === 0 || members + waiting === 0 ? undefined : { members, buried, waiting };
  }

  /** Adds to a number of a slot; returns what it was. */
  #add(slot: number, word: number, by: number): number {
    const at = this.#at(slot) + word;
    return Atomics.add(this.#words, at, by);
  }

  /** The group has one member more. */
  #join(slot: number): void {
    this.#enter();
    this.#add(slot, MEMBERS, 1);
    this.#leave();
  }

  /** It has one less: 1 if it is complete, 2 if other shards are to look again. */
  #part(slot: number, low: number, high: number): number {
    this.#enter();
    const isLast = this.#add(slot, MEMBERS, -1) === 1;
    if (isLast) this.#endTurn(slot);
    const heard = isLast ? 1 + this.#open(slot, low, high) : 0;
    this.#leave();
    return heard;
  }

  /** Whoever waits for this turn is free; 0 stands for no turn. */
  #endTurn(slot: number): void {
    if (this.#add(slot, TURN, 1) === -1) this.#add(slot, TURN, 1);
  }

  #isComplete(slot: number): number {
    return this.#add(slot, MEMBERS, 0) === 0 ? 1 : 0;
  }

  /** In the shard one job more waits: for which turn, or 0 when it need not. */
  #park(slot: number, always: boolean, low: number, high: number): number {
    this.#enter();
    const at = this.#at(slot);
    const waits = always || this.#isComplete(slot) === 0;
    if (waits) {
      Atomics.add(this.#words, at + WAITING, 1);
      this.#mark(at, low, high);
    }
    const turn = waits ? Atomics.load(this.#words, at + TURN) : 0;
    this.#leave();
    return turn;
  }

  /** All members were counted: 1 if there is none, and whoever waits is free. */
  #settle(slot: number): number {
    this.#enter();
    const isComplete = this.#isComplete(slot);
    if (isComplete === 1) this.#endTurn(slot);
    this.#leave();
    return isComplete;
  }

  /** The shard is to look again, too, when its lock is free. */
  #again(slot: number, low: number, high: number): void {
    const at = this.#at(slot) + HASH;
    this.#openings.push({ slot, hash: this.#words[at] ?? 0, low, high });
  }

  /** The shard has its bit in a slot. */
  #mark(at: number, low: number, high: number): void {
    if (low !== 0) Atomics.or(this.#words, at + SHARDS_LOW, low);
    if (high !== 0) Atomics.or(this.#words, at + SHARDS_HIGH, high);
  }

  /* Names. */

  /** The slot of a name, made if need be, to which one shard more refers; 0 without memory. */
  #refer(kind: number, from: Uint8Array, start: number, bytes: number, hash: number): number {
    this.#enter();
    const named = (kind << 8) | bytes;
    let slot = this.#find(named, from, start, hash);
    if (slot === 0) slot = this.#make(named, from, start, hash);
    if (slot !== 0) this.#count(slot, 1);
    this.#leave();
    return slot;
  }

  /** Adds to how many shards refer to a slot; returns how many do. */
  #count(slot: number, by: number): number {
    const at = this.#at(slot) + REFS;
    const refs = (this.#words[at] ?? 0) + by;
    this.#words[at] = refs;
    return refs;
  }

  #find(named: number, from: Uint8Array, start: number, hash: number): number {
    let slot = this.#words[headOf(hash)] ?? 0;
    while (slot !== 0) {
      const at = this.#at(slot);
      const isLike = this.#words[at + HASH] === (hash | 0) && this.#words[at + NAMED] === named;
      if (isLike && this.#hasName(slot, from, start, named & 0xff)) return slot;
      slot = this.#words[at + NEXT] ?? 0;
    }
    return 0;
  }

  #hasName(slot: number, from: Uint8Array, start: number, bytes: number): boolean {
    const own = this.#bytes;
    const at = slot * SLOT_BYTES + NAME;
    for (let byte = 0; byte < bytes; byte++)
      if (own[at + byte] !== from[start + byte]) return false;
    return true;
  }

  #make(named: number, from: Uint8Array, start: number, hash: number): number {
    const slot = this.#takeSlot();
    if (slot === 0) return 0;
    const at = this.#at(slot);
    const head = headOf(hash);
    const words = this.#words;
    for (let word = HELD; word <= REFS; word++) words[at + word] = 0;
    words[at + WAITING] = 0;
    words[at + TURN] = 1;
    words[at + HASH] = hash;
    words[at + NEXT] = words[head] ?? 0;
    words[at + NAMED] = named;
    const own = this.#bytes;
    const to = slot * SLOT_BYTES + NAME;
    for (let byte = 0; byte < (named & 0xff); byte++) own[to + byte] = from[start + byte] ?? 0;
    words[head] = slot;
    return slot;
  }

  #takeSlot(): number {
    const free = this.#words[FREE] ?? 0;
    if (free !== 0) {
      const at = this.#at(free); // which may look at the memory anew
      this.#words[FREE] = this.#words[at + NEXT] ?? 0;
      return free;
    }
    const unused = Math.max(this.#words[UNUSED] ?? 0, FIRST_SLOT);
    if ((unused + 1) * SLOT_BYTES > this.#memory.buffer.byteLength && !this.#grow()) return 0;
    this.#words[UNUSED] = unused + 1;
    return unused;
  }

  #grow(): boolean {
    try {
      this.#memory.grow(1);
    } catch {
      return false; // the system has no page more
    }
    this.#look();
    this.#tookPage();
    return true;
  }

  /** One shard less refers to a key; it goes with the last. */
  #drop(slot: number): void {
    this.#enter();
    if (this.#count(slot, -1) === 0) {
      const at = this.#at(slot);
      this.#unlink(slot, at);
      this.#words[at + NEXT] = this.#words[FREE] ?? 0;
      this.#words[FREE] = slot;
    }
    this.#leave();
  }

  #unlink(slot: number, at: number): void {
    let link = headOf(this.#words[at + HASH] ?? 0);
    while (this.#words[link] !== slot) {
      const next = this.#words[link] ?? 0;
      if (next === 0) throw new BoardError("a key is not in its list");
      link = this.#at(next) + NEXT;
    }
    this.#words[link] = this.#words[at + NEXT] ?? 0;
  }

  /* Its lock. */

  #enter(): void {
    const words = this.#words;
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.compareExchange(words, LOCK, 0, 1) === 0) return;
    }
    let steps = 0;
    while (Atomics.exchange(words, LOCK, 2) !== 0) {
      if (steps >= LOCK_STEPS) throw new BoardError("nobody gives the board's lock back");
      steps = Atomics.wait(words, LOCK, 2, LOCK_STEP_MILLIS) === "timed-out" ? steps + 1 : 0;
    }
  }

  #leave(): void {
    if (Atomics.sub(this.#words, LOCK, 1) === 1) return;
    Atomics.store(this.#words, LOCK, 0);
    Atomics.notify(this.#words, LOCK, 1);
  }
}

/** The word with the first slot of the list that a hash belongs to. */
function headOf(hash: number): number {
  return HEADS + (hash & (HEAD_COUNT - 1));
}

function hasShard({ low, high }: Opening, index: number): boolean {
  return ((index < 32 ? low >>> index : high >>> (index - 32)) & 1) === 1;
}
