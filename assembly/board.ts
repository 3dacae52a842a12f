/* Board: what the host lends the engine of the one memory that all shards share
 * (src/engine/key-board.ts): the slots of keys and of groups, by name.
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

/* Groups (jobgroups.ts). */

/** The group has one member more. */
export declare function join(slot: u32): void;

/**
 * The group has one member less: 0, or 1 when that was the last one and it is complete, or 2 when
 * shards elsewhere are to look again then.
 */
export declare function part(slot: u32): u32;

/** So many members more of the group are buried. */
export declare function bury(slot: u32, count: i32): void;

/** Whether the group has no member: 1 or 0. */
export declare function isComplete(slot: u32): u32;

/**
 * A job of this shard is parked until the group is complete the next time: which time that is. 0
 * when it is complete now, unless it is to be parked `always`.
 */
export declare function park(slot: u32, always: u32): u32;

/** A job is parked no more. */
export declare function unpark(slot: u32): void;

/** Which time the group will be complete next. */
export declare function turn(slot: u32): u32;

/** Everybody has been heard after a restart: a group without a member is complete, 1 or 0. */
export declare function settle(slot: u32): u32;

/** This shard is to look again. */
export declare function again(slot: u32): void;
