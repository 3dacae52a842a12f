/* Board: what the host lends the engine of the one memory that all shards share
 * (src/engine/key-board.ts): the slots of keys, by name.
 *
 * A slot's number is never 0. None of these waits but for the board's own lock, which is the last
 * that is taken.
 */

/** The slot of a name, to which this shard refers until `drop`; 0 when there is no memory. */
export declare function refer(kind: u32, name: u32, bytes: u32, hash: u32): u32;

/** The shard refers to the slot no more. */
export declare function drop(slot: u32): void;

/** So many jobs may be held at least: 1 if shards elsewhere are to look again. */
export declare function raise(slot: u32, limit: u32): u32;

/** One job more is held: 1, or 0 when as many are as may be. */
export declare function claim(slot: u32): u32;

/** Whether one job more may be held: 1 or 0. */
export declare function isOpen(slot: u32): u32;

/** One job less is held: 1 if shards elsewhere are to look again. */
export declare function free(slot: u32): u32;

/** Jobs stand aside in this shard until it is told; 1 when one more may be held already. */
export declare function block(slot: u32): u32;

/** What is to be looked at again elsewhere is at `now`, when this shard's lock is free. */
export declare function tell(now: f64): void;
