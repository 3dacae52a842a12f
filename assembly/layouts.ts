/* Layouts: where the fields lie of what the engine writes and the host reads, byte by byte: entries
 * in the output slot, records of the journal, hints.
 *
 * Like constants.ts, this file is AssemblyScript and TypeScript at once, so nothing is typed a
 * second time; what a class of assembly/ says too is compared with it when the tests' module is
 * compiled (verify/relations.ts). Numbers are little-endian. A name stands behind the last field,
 * and an entry with a name ends at a multiple of 8 bytes.
 */

/* An entry of listTubes, and of surveyTubes with TUBE_FIGURES figures before the name. */
/** Which tube it is, in the order in which they were made (f64). */
export const TUBE_ENTRY_NUMBER: u32 = 0;
export const TUBE_ENTRY_NAME_BYTES: u32 = 8; // u32
/** Where the name begins, or the figures (f64 each). */
export const TUBE_ENTRY_HEADER: u32 = 16;

/* What statsTube says of a tube's last times (f64 each). */
export const SAMPLE_QUEUE: u32 = 0;
export const SAMPLE_QUEUE_LEAST: u32 = 8;
export const SAMPLE_QUEUE_MOST: u32 = 16;
export const SAMPLE_QUEUE_COUNT: u32 = 24;
export const SAMPLE_PROCESS: u32 = 32;
export const SAMPLE_PROCESS_LEAST: u32 = 40;
export const SAMPLE_PROCESS_MOST: u32 = 48;
export const SAMPLE_FAST: u32 = 56;
export const SAMPLE_FAST_COUNT: u32 = 64;
export const SAMPLE_SLOW: u32 = 72;
export const SAMPLE_SLOW_COUNT: u32 = 80;
/** Bytes of all of these; the single times stand behind them. */
export const SAMPLES_BYTES: u32 = 88;

/* An entry of heldJobs. */
export const HELD_ENTRY_ID: u32 = 0; // f64
/** Microseconds of its time to run that are left (f64). */
export const HELD_ENTRY_LEFT: u32 = 8;
export const HELD_ENTRY_NAME_BYTES: u32 = 16; // u32
/** Where the name of its tube begins. */
export const HELD_ENTRY_HEADER: u32 = 24;

/* An entry of putMany and takeMany: a job with its body; it ends at a multiple of MANY_ALIGN. */
export const MANY_ID: u32 = 0; // f64
export const MANY_BODY_BYTES: u32 = 8; // f64
/** Where the body begins. */
export const MANY_BODY: u32 = 16;
export const MANY_ALIGN: u32 = 8;

/* An entry of describeJobs; times are in microseconds. */
export const JOB_ENTRY_ID: u32 = 0; // f64
export const JOB_ENTRY_AGE: u32 = 8; // f64
export const JOB_ENTRY_LEFT: u32 = 16; // f64
export const JOB_ENTRY_PRI: u32 = 24; // u32, as all that follow
export const JOB_ENTRY_DELAY_SECONDS: u32 = 28;
export const JOB_ENTRY_TTR_SECONDS: u32 = 32;
export const JOB_ENTRY_BODY_BYTES: u32 = 36;
export const JOB_ENTRY_RESERVES: u32 = 40;
export const JOB_ENTRY_TIMEOUTS: u32 = 44;
export const JOB_ENTRY_RELEASES: u32 = 48;
export const JOB_ENTRY_BURIES: u32 = 52;
export const JOB_ENTRY_KICKS: u32 = 56;
export const JOB_ENTRY_FAILURES: u32 = 60;
/** Bytes of an entry. LIST_JOBS_MAX of them fit the output slot. */
export const JOB_ENTRY_BYTES: u32 = 64;

/* Behind the times that statsTube leaves in the output slot. */
/** Where a value for each setting of the tube stands (f64). */
export const TUBE_SETTINGS: u32 = 32768;

/* What every record of the journal begins with. */
/** Bytes of the record, itself included (u32); SKIP_MARK is set in what is none. */
export const RECORD_LENGTH: u32 = 0;
/** CRC-32C of all that follows it (u32). */
export const RECORD_CRC: u32 = 4;
/** Where that begins. */
export const RECORD_CHECKED: u32 = 8;
export const RECORD_KIND: u32 = 8; // u8
/** State of the job, or how an attempt ended (u8). */
export const RECORD_JOB_STATE: u32 = 9;
export const RECORD_NAME_BYTES: u32 = 10; // u16
export const RECORD_BODY_BYTES: u32 = 12; // u32
export const RECORD_ID: u32 = 16; // u64
/** Position in the shard's stream behind the record (u64). */
export const RECORD_LSN: u32 = 24;

/* A PUT record: the name of the tube follows, and the body if it is not in parts. */
export const PUT_PRI: u32 = 32; // u32
export const PUT_DELAY_SECONDS: u32 = 36; // u32
export const PUT_TTR_SECONDS: u32 = 40; // u32
/** Bytes of each part of the body but the last; 0 when the body stands in this record (u32). */
export const PUT_PART_BYTES: u32 = 44;
/** Wall clock, in microseconds since 1970 (f64). */
export const PUT_CREATED: u32 = 48;
/** When its delay is over, likewise; 0 without one (f64). */
export const PUT_DUE: u32 = 56;
/** Bytes before the name. */
export const PUT_BYTES: u32 = 80;
/** How often a job has moved, at the end of its PUT and DELETE records if it ever did. */
export const MOVES_BYTES: u32 = 8;

/* A PART record: its share of the body follows. */
export const PART_INDEX: u32 = 32; // u32
export const PART_PART_BYTES: u32 = 36; // u32
/** Says which shard it is for, whatever their number (u32). */
export const PART_TUBE_HASH: u32 = 40;
/** Bytes before its share. */
export const PART_BYTES: u32 = 56;

/* A tag of a put (tags.ts); its name follows, and zeros up to a multiple of 8. */
export const TAG_KIND: u32 = 0; // u8
export const TAG_NAME_BYTES: u32 = 1; // u8
/** 1 when the job had to give up the key, since another job had it where it came to. */
export const TAG_GIVEN_UP: u32 = 2; // u16
export const TAG_NUMBER: u32 = 4; // u32
/** Where its name begins. */
export const TAG_NAME: u32 = 8;

/** Bytes of a KEY record before the name of the tube; the tag follows that at a multiple of 8. */
export const KEY_BYTES: u32 = 56;
/** Bytes of a RESULT record before the result. */
export const RESULT_BYTES: u32 = 64;
export const STATE_BYTES: u32 = 56;
export const DELETE_BYTES: u32 = 56;
/** Bytes of a FAILURE record before who made the attempt; the message follows that. */
export const FAILURE_BYTES: u32 = 64;

/* A TUBE record: its settings follow, then the name of the tube. */
/** How many settings follow; 0: nothing is set any more (u32). */
export const TUBE_RECORD_COUNT: u32 = 60;
/** Bytes before the settings. */
export const TUBE_RECORD_BYTES: u32 = 64;
/** Bytes of a setting: its number (u32), four bytes of 0, its value (f64). */
export const SETTING_ENTRY_BYTES: u32 = 16;
export const SETTING_ENTRY_VALUE: u32 = 8;

/* A GROUP record. */
/** Number of the batch, the same in all shards (u64). */
export const GROUP_NUMBER: u32 = 32;
/** Bytes of the shard's stream that the batch has, this record and unused ends included (u32). */
export const GROUP_EXTENT: u32 = 40;
/** How many shards the batch has records in (u32). */
export const GROUP_SHARDS: u32 = 44;
export const GROUP_BYTES: u32 = 56;

/* A hint about a tube (hints.ts). */
export const HINT_TUBE_NAME_BYTES: u32 = 0; // u32
/** Bytes before the name. */
export const HINT_TUBE_BYTES: u32 = 48;
/** Bytes of a hint about a job. */
export const HINT_JOB_BYTES: u32 = 48;

/* Pieces of the allocator, and chains of them (chain.ts). */
/** Bytes of the largest piece. */
export const PIECE_MAX: u32 = 4080;
/** Bytes of a long body or message in each block of its chain but the last. */
export const BLOCK_BODY: u32 = 4072;

/** Every line that begins with JOB is shorter. */
export const JOB_LINE_ROOM: u32 = 256;

/* Figures of explainJob (explaining.ts), behind RESULT_STATS: why a job stands where it does. */
export const FACT_STATE: i32 = 0;
export const FACT_PRI: i32 = 1;
/** Of a ready job: since when it is. */
export const FACT_SINCE: i32 = 2;
/** Until its delay or its time to run is over; 0 in other states. */
export const FACT_LEFT_MICROS: i32 = 3;
/** 1 when somebody cancelled it, else 0; so with all questions below. */
export const FACT_CANCELLED: i32 = 4;
/** It is on its way to another tube. */
export const FACT_MOVING: i32 = 5;
/** Its tube is paused, and how much is left of that. */
export const FACT_PAUSED: i32 = 6;
export const FACT_PAUSE_LEFT_MICROS: i32 = 7;
/** Its tube has come to its rate, and when it goes on. */
export const FACT_AT_RATE: i32 = 8;
export const FACT_RATE_LEFT_MICROS: i32 = 9;
/** As many jobs of its tube are held as may be. */
export const FACT_AT_RESERVED: i32 = 10;
/** What is set for these two, NOT_SET where nothing is. */
export const FACT_RATE: i32 = 11;
export const FACT_RESERVED_MAX: i32 = 12;
/** Of its tube. */
export const FACT_RESERVED: i32 = 13;
export const FACT_WATCHING: i32 = 14;
export const FACT_WAITING: i32 = 15;
/** The slot of its concurrency key on the board; 0 without one. */
export const FACT_KEY_SLOT: i32 = 16;
/** It waits for its group. */
export const FACT_PARKED: i32 = 17;

/* What holds jobs of a tube back (heldback.ts); the name follows, and the next is at a multiple of
 * 8. */
/** How many jobs it holds back (u32). */
export const BACK_JOBS: u32 = 0;
/** The slot of the key or the group on the board (u32). */
export const BACK_SLOT: u32 = 4;
export const BACK_NAME_BYTES: u32 = 8; // u32
export const BACK_NAME: u32 = 12;

/* Where a count of what stands before a job goes on, behind RESULT_STATS: zeros to begin with. */
export const COUNT_PART: i32 = 0;
export const COUNT_LANE: i32 = 1;
export const COUNT_PRI: i32 = 2;
export const COUNT_ID: i32 = 3;

/* A job whose body is to be read back (away.ts). */
export const WANTED_ID: u32 = 0; // f64
/** Number of the segment that its PUT record lies in (u32). */
export const WANTED_SEGMENT: u32 = 8;
/** Where in it, in units of 8 bytes (u32). */
export const WANTED_PLACE: u32 = 12;
/** Bytes of the record (u32). */
export const WANTED_RECORD_BYTES: u32 = 16;
/** Bytes of an entry. */
export const WANTED_BYTES: u32 = 24;
/** Shorter bodies stay in memory: there is nothing to be gained. */
export const AWAY_BODY_MIN: u32 = 24;

/* Where the records of a region lie that is replayed (replay.ts), from PLACES_BYTES before the end
 * of the ring on: where in the ring it begins, and where in the file, f64 each. */
export const PLACES_BYTES: u32 = 16384;
export const PLACES_ENTRY_BYTES: u32 = 16;
