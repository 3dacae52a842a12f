/* Constants: every number that the engine and its host must agree on.
 *
 * This file is AssemblyScript and TypeScript at once (literals only, no enums), so the host imports
 * it as it stands and nothing is typed a second time. A shard's memory begins like this:
 *
 *   0         64 KiB     128 KiB                      + threads * THREAD_BYTES
 *   +---------+----------+----------+----------+- ...-+----------------------- - -
 *   | CRC     | Shard    | thread 0 | thread 1 |      | pages of the allocator
 *   +---------+----------+----------+----------+- ...-+----------------------- - -
 *                         \  result | input slot | output slot
 */

/** Bytes of a WebAssembly page, and of a page of the allocator. */
export const PAGE_BYTES: u32 = 65536;
/** Where the shard's header lies. */
export const SHARD_BASE: u32 = 65536;
/**
 * Where the tables of the CRC lie, 16 KiB: the end of the first page, above anything that a debug
 * build puts low.
 */
export const CRC_TABLES: u32 = 49152;
/** Where the areas of the I/O threads begin. */
export const THREADS_BASE: u32 = 131072;
/** Most I/O threads: their wake bits fit two 32-bit words. */
export const THREADS_MAX: u32 = 64;
/** Most shards of a server. */
export const SHARDS_MAX: u32 = 64;
/** Bytes of a thread's input slot; a transport never hands over more at once. */
export const INPUT_BYTES: u32 = 65536;
/** Bytes of a thread's output slot: a longer body is read in several steps. */
export const OUTPUT_BYTES: u32 = 65536;
/** Bytes of a thread's result area: RESULT_FIELDS numbers of 8 bytes. */
export const RESULT_BYTES: u32 = 1024;
/** Bytes of one thread's area: result, input slot, output slot; padded to whole pages. */
export const THREAD_BYTES: u32 = 196608;

/** Jobs below this priority count as urgent (beanstalkd dat.h URGENT_THRESHOLD). */
export const URGENT_BELOW: u32 = 1024;
/**
 * A holder is warned with DEADLINE_SOON this long before its time to run is over (beanstalkd: 1 s).
 */
export const SAFETY_MARGIN_MICROS: i64 = 1000000;
/** Highest job id there can be, 2^53 - 1: JavaScript counts no further. */
export const ID_MAX: f64 = 9007199254740991;
/** Longest tube name in bytes. */
export const TUBE_NAME_MAX: u32 = 200;
/** Largest body that lies in one piece behind its job; a longer one is a chain of blocks. */
export const INLINE_BODY_MAX: u32 = 3968;
/**
 * Most jobs that one call moves (kick, closing a connection): the lock is held for a bounded run.
 */
export const STEP_JOBS: u32 = 1000;
/** Most deadlines that one call works off before it turns to its own command. */
export const STEP_DEADLINES: u32 = 1000;
/** No due time: later than every clock. A number that both sides represent exactly. */
export const NEVER_MICROS: f64 = 9007199254740991;

/* What an engine call returns, in the low byte. */
export const NONE: i32 = 0;
export const DONE: i32 = 1;
export const NOT_FOUND: i32 = 2;
export const OUT_OF_MEMORY: i32 = 3;
/**
 * A ready job was taken, or a grant collected; its facts and the start of its body are in the
 * thread's area.
 */
export const RESERVED: i32 = 4;
/** There is a takeable job, but a better one stands elsewhere. */
export const WORSE: i32 = 5;
/** Nothing there: the connection now waits on every tube that it watches in this shard. */
export const WAITING: i32 = 6;
/**
 * A grant was made and ran out of its TTR before it was collected: the connection must wait again.
 */
export const LOST: i32 = 7;
/** The job was buried because there was no memory to do what was asked. */
export const BURIED: i32 = 8;
/** More of the same is left to do: call again. */
export const MORE: i32 = 9;
/** A record is damaged. */
export const DAMAGED: i32 = 10;
/** Nothing there, and a time to run of the connection is over too soon for it to wait. */
export const SOON: i32 = 11;
/** The connection is to be told something (notes.ts) before it can be given a job. */
export const NOTED: i32 = 12;
/** The rest of a body is to follow what was written. */
export const LONG: i32 = 13;
/**
 * A setting of the tube keeps the job out: RESULT_REF is which (SETTING_*), RESULT_COUNT what it is
 * set to.
 */
export const FULL: i32 = 14;
/**
 * The job that was put is not one: another has its key, or had it. RESULT_ID says which, JOB_STATE
 * its state, 0 when it was deleted, JOB_PRI the priority that the put has given it, or NOT_RAISED.
 */
export const KNOWN: i32 = 15;
export const NOT_RAISED: f64 = -1;
/** The job is on its way to a tube of another shard: ask again when it is there. */
export const BUSY: i32 = 16;
/** The connection is to be told how a job ended (awaits.ts). */
export const ENDED: i32 = 17;
/** The body of the job is not in memory: it is being read back (away.ts). Ask again when it is. */
export const AWAY: i32 = 18;
/** Mask of the answer itself. */
export const CODE_MASK: i32 = 0xff;
/** Set beside the answer when grants were made: RESULT_WAKE_LOW and _HIGH say for which threads. */
export const WAKE: i32 = 0x100;
/**
 * Set beside the answer when the shard wanted memory beyond its budget for something that can do
 * without: it is to be given more.
 */
export const SHORT: i32 = 0x200;
/** Set beside the answer when other shards may be to look again at a key (lanes.ts). */
export const OPENED: i32 = 0x400;
/** Set beside the answer when bodies are to be read back. */
export const WANTED: i32 = 0x800;

/* What a shard wishes behind a batch, a bit each: more memory; that others look again at keys. */
export const WISH_MEMORY: i32 = 1;
export const WISH_LOOK: i32 = 2;

/* Fields of a thread's result area, as indexes into an array of f64. */
export const RESULT_WAKE_LOW: i32 = 0;
export const RESULT_WAKE_HIGH: i32 = 1;
export const RESULT_ID: i32 = 2;
export const RESULT_PRI: i32 = 3;
export const RESULT_BODY_BYTES: i32 = 4;
/** The session that a collected grant is for, by the name that it gave itself. */
export const RESULT_TOKEN: i32 = 5;
/** The generation of the reserve that a collected grant is for. */
export const RESULT_GENERATION: i32 = 6;
export const RESULT_CONN: i32 = 7;
export const RESULT_COUNT: i32 = 8;
/** Position in the shard's sequence of mutations that the answer depends on. */
export const RESULT_LSN: i32 = 9;
/** Address of the tube or upload that a call found or made. */
export const RESULT_REF: i32 = 10;
/** Bytes of a name that a call wrote to the output slot. */
export const RESULT_NAME_BYTES: i32 = 11;
/** First of the figures that a stats call writes. */
export const RESULT_STATS: i32 = 16;

/* Figures of statsJob, behind RESULT_STATS. */
export const JOB_STATE: i32 = 0;
export const JOB_PRI: i32 = 1;
export const JOB_AGE_MICROS: i32 = 2;
export const JOB_DELAY_SECONDS: i32 = 3;
export const JOB_TTR_SECONDS: i32 = 4;
export const JOB_LEFT_MICROS: i32 = 5;
export const JOB_RESERVES: i32 = 6;
export const JOB_TIMEOUTS: i32 = 7;
export const JOB_RELEASES: i32 = 8;
export const JOB_BURIES: i32 = 9;
export const JOB_KICKS: i32 = 10;
/** Attempts that ended without a delete. */
export const JOB_FAILURES: i32 = 11;
/** How many of them are kept. */
export const JOB_FAILURES_KEPT: i32 = 12;
/** Number of the journal's segment that its PUT record lies in, or is about to; 0 without one. */
export const JOB_SEGMENT: i32 = 13;
/** 1 when it is gone as soon as the attempt at it ends. */
export const JOB_CANCELLED: i32 = 14;
/** How long it has been reserved; 0 when it is not. */
export const JOB_RESERVED_MICROS: i32 = 15;

/* Figures of statsTube and listTubes, behind RESULT_STATS. */
export const TUBE_URGENT: i32 = 0;
export const TUBE_READY: i32 = 1;
export const TUBE_RESERVED: i32 = 2;
export const TUBE_DELAYED: i32 = 3;
export const TUBE_BURIED: i32 = 4;
export const TUBE_TOTAL: i32 = 5;
export const TUBE_USING: i32 = 6;
export const TUBE_WATCHING: i32 = 7;
export const TUBE_WAITING: i32 = 8;
export const TUBE_CMD_DELETE: i32 = 9;
export const TUBE_CMD_PAUSE: i32 = 10;
export const TUBE_PAUSE_MICROS: i32 = 11;
export const TUBE_PAUSE_LEFT_MICROS: i32 = 12;
/**
 * Attempts that ended without a delete since the process started: how often jobs were buried,
 * released, ran out of time or lost their holder.
 */
export const TUBE_FAILURES: i32 = 13;
/** Of them, those of which the holder's connection ended. */
export const TUBE_LOSSES: i32 = 14;
/** Bytes of the bodies of its jobs, in all states. */
export const TUBE_BYTES: i32 = 15;
/**
 * Since the process started, which a restart does not carry on: jobs put, reserves, deletes,
 * releases, buries, kicks, touches, times to run that ran out.
 */
export const TUBE_PUTS: i32 = 16;
export const TUBE_RESERVES: i32 = 17;
export const TUBE_DELETES: i32 = 18;
export const TUBE_RELEASES: i32 = 19;
export const TUBE_BURIES: i32 = 20;
export const TUBE_KICKS: i32 = 21;
export const TUBE_TOUCHES: i32 = 22;
export const TUBE_TIMEOUTS: i32 = 23;
/** Age of the oldest ready job; -1 when there is none. See assembly/ages.ts. */
export const TUBE_OLDEST_MICROS: i32 = 24;
/** Of those delayed: how many wait for their groups. */
export const TUBE_PARKED: i32 = 25;
/** Since the process started: its dead jobs that went to its dead-letter tube. */
export const TUBE_DEAD_LETTERS: i32 = 26;
/** Figures of a tube, some of them unused. */
export const TUBE_FIGURES: i32 = 27;

/** Most entries of one call of heldJobs. */
export const HELD_SHOWN_MAX: u32 = 100;

/* Figures of statsShard, behind RESULT_STATS. */
export const SHARD_URGENT: i32 = 0;
export const SHARD_READY: i32 = 1;
export const SHARD_RESERVED: i32 = 2;
export const SHARD_DELAYED: i32 = 3;
export const SHARD_BURIED: i32 = 4;
export const SHARD_TIMEOUTS: i32 = 5;
export const SHARD_TOTAL: i32 = 6;
export const SHARD_TUBES: i32 = 7;
/** Bytes in use by records, tables and bodies. */
export const SHARD_USED_BYTES: i32 = 8;
/** Bytes that the shard has taken from the system. */
export const SHARD_TAKEN_BYTES: i32 = 9;
/** How often the lock was not free at once. */
export const SHARD_CONTENDED: i32 = 10;
/** Records that were written to the journal. */
export const SHARD_RECORDS: i32 = 11;
/** How many of them were written only to keep what a segment that goes still held. */
export const SHARD_RECORDS_KEPT: i32 = 12;
/** Attempts that ended without a delete since the start. */
export const SHARD_FAILURES: i32 = 13;
/** Attempts that are kept now, also those from before the start. */
export const SHARD_FAILURES_KEPT: i32 = 14;
/** Of them since the start, those of which the holder's connection ended. */
export const SHARD_LOSSES: i32 = 15;
/**
 * As those of a tube, for the whole shard; its jobs put are SHARD_TOTAL, what ran out is
 * SHARD_TIMEOUTS.
 */
export const SHARD_RESERVES: i32 = 16;
export const SHARD_DELETES: i32 = 17;
export const SHARD_RELEASES: i32 = 18;
export const SHARD_BURIES: i32 = 19;
export const SHARD_KICKS: i32 = 20;
export const SHARD_TOUCHES: i32 = 21;
/** Ready jobs that stand aside, because their keys are at their limits. */
export const SHARD_ASIDE: i32 = 22;
/** Puts that met a job of their idempotency key, or one that was there. */
export const SHARD_MET: i32 = 23;
/** Results of finished jobs that are kept now, and their bytes. */
export const SHARD_RESULTS: i32 = 24;
export const SHARD_RESULT_BYTES: i32 = 25;
/** Of those delayed: how many wait for their groups. */
export const SHARD_PARKED: i32 = 26;
/** As that of a tube. */
export const SHARD_DEAD_LETTERS: i32 = 27;
/** Jobs whose bodies are not in memory, bytes of these bodies, and how many were read back. */
export const SHARD_AWAY: i32 = 28;
export const SHARD_AWAY_BYTES: i32 = 29;
export const SHARD_BROUGHT: i32 = 30;
/** How many figures of a shard there are. */
export const SHARD_FIGURES: i32 = 31;

/*
 * Times, see assembly/times.ts: histograms of a tube or a shard in the order queue, process:
 * counts, then the sum in microseconds.
 */

/**
 * Buckets of a histogram: bucket i has what took less than 2^(TIME_FIRST_BITS + i) microseconds,
 * the last one everything else.
 */
export const TIME_BUCKETS: u32 = 28;
export const TIME_FIRST_BITS: u32 = 9;
/** Where the shard's pair lies behind SHARD_BASE. */
export const SHARD_TIMES_OFFSET: u32 = 2048;
/** Most tubes that one call of surveyTubes shows. */
export const SURVEY_TUBES: u32 = 64;
/** Most priorities that one call of surveyTubes looks at. */
export const SURVEY_LOOKS: u32 = 512;

/* States of a job. Only the first four are ever seen from outside. */
export const STATE_READY: u8 = 1;
export const STATE_RESERVED: u8 = 2;
export const STATE_DELAYED: u8 = 3;
export const STATE_BURIED: u8 = 4;
export const STATE_UPLOADING: u8 = 5;
/** It is no job any more, but somebody is still reading its body. */
export const STATE_GONE: u8 = 6;
/** It is on its way to another tube: it is shown in the state that it had, and nobody can act. */
export const STATE_MOVING: u8 = 7;

/* Failures: attempts at a job that ended without a delete; see assembly/failure.ts. */

/** How an attempt ended. */
export const END_BURIED: u8 = 1;
export const END_RELEASED: u8 = 2;
export const END_TIMED_OUT: u8 = 3;
export const END_CONNECTION_LOST: u8 = 4;
/** Of a dead job: its time was over, or it had all the attempts that it may have. */
export const END_EXPIRED: u8 = 5;
export const END_EXHAUSTED: u8 = 6;
/** It was moved to another tube. */
export const END_MOVED: u8 = 7;
/*
 * How a job ended, for those who await it. MOVED is told to nobody: it goes on in another shard.
 * IN_TUBE is no end: it says in which tube the job is.
 */
export const OUTCOME_FINISHED: u32 = 1;
export const OUTCOME_BURIED: u32 = 2;
export const OUTCOME_DELETED: u32 = 3;
export const OUTCOME_CANCELLED: u32 = 4;
export const OUTCOME_EXPIRED: u32 = 5;
export const OUTCOME_DEAD: u32 = 6;
export const OUTCOME_MOVED: u32 = 7;
export const OUTCOME_IN_TUBE: u32 = 8;
/*
 * How a job is awaited: beyond the budget; and by whom has to know in which tube it is (awaits.ts).
 */
export const AWAIT_VITAL: u32 = 1;
export const AWAIT_TUBE: u32 = 2;

/** Most bytes of a connection's name. */
export const WHO_MAX: u32 = 64;
/** Where in a thread's area the name lies for `nameConn`. */
export const WHO_OFFSET: u32 = 1024;
/** Where in a thread's area the tags lie of a put that has some (assembly/tags.ts). */
export const TAGS_OFFSET: u32 = 2048;
/** Most bytes of the tags of a put. */
export const TAGS_BYTES_MAX: u32 = 2048;
/* Kinds of tags, each a bit in 32. */
export const TAG_IDP: u8 = 1;
export const TAG_EXP: u8 = 2;
export const TAG_MAX: u8 = 3;
export const TAG_CON: u8 = 4;
export const TAG_FAIR: u8 = 5;
export const TAG_ACK: u8 = 6;
export const TAG_GRP: u8 = 7;
export const TAG_AFT: u8 = 8;
/** The highest of them. */
export const TAG_KINDS: u8 = 8;
/* What replies about a job with the tag `ack` wait for, from the weakest level on. */
export const ACK_MEMORY: u32 = 1;
export const ACK_OS: u32 = 2;
export const ACK_INTERVAL: u32 = 3;
export const ACK_SYNC: u32 = 4;
export const ACK_REPLICATED: u32 = 5;
/** In place of a position that a reply depends on: it waits for nothing. */
export const HEARD_AT_ONCE: f64 = -0.5;
/**
 * Such a position below 0 is one up to where all is to have been written; or, this less, to have
 * been synced here.
 */
export const HEARD_SYNCED: f64 = 0.25;
/** Failures that a job keeps unless told otherwise. */
export const FAILURES_KEPT: u32 = 10;
/** Most failures that a job can be told to keep. */
export const FAILURES_KEPT_MAX: u32 = 32;
/** Longest message: its record must fit the area through which records are read back. */
export const FAILURE_BYTES_MAX: u32 = 120000;
/** Longest result that a record of the journal holds, as with messages. */
export const RESULT_BYTES_MAX: u32 = 120000;
/** Most bytes of a note of how far a job is. */
export const PROGRESS_BYTES_MAX: u32 = 4096;
/** No failure has a message. */
export const NO_MESSAGE: f64 = -1;

/* What nextFailure, lastMessage and readFailure show of a failure, behind RESULT_STATS. */
/** The job's first one is 1. */
export const FAILURE_NUMBER: i32 = 0;
/** Which reservation of the job it was. */
export const FAILURE_ATTEMPT: i32 = 1;
/** When it ended, on the engine's clock. */
export const FAILURE_AT_MICROS: i32 = 2;
export const FAILURE_END: i32 = 3;
/** Length of its message; NO_MESSAGE when there is none. */
export const FAILURE_MESSAGE_BYTES: i32 = 4;

/* What beginMove shows of a job, behind RESULT_STATS. */
export const MOVE_STATE: i32 = 0;
export const MOVE_PRI: i32 = 1;
export const MOVE_DELAY_SECONDS: i32 = 2;
export const MOVE_TTR_SECONDS: i32 = 3;
/** Length of its body. */
export const MOVE_BYTES: i32 = 4;
/** When it was put, on the engine's clock. */
export const MOVE_CREATED: i32 = 5;
/** When its delay ends, or since when it is ready. */
export const MOVE_MAJOR: i32 = 6;
/** How often it has moved. */
export const MOVE_MOVES: i32 = 7;
export const MOVE_RESERVES: i32 = 8;
export const MOVE_TIMEOUTS: i32 = 9;
export const MOVE_RELEASES: i32 = 10;
export const MOVE_BURIES: i32 = 11;
export const MOVE_KICKS: i32 = 12;
export const MOVE_FAILURES: i32 = 13;
/** 1 when its body is in parts in the journal. */
export const MOVE_HAS_PARTS: i32 = 14;
/** Bytes of its tags, which stand in the output slot. */
export const MOVE_TAG_BYTES: i32 = 15;
/** 1 when an attempt at it has ended, which is to be kept with the copy. */
export const MOVE_HAS_FAILED: i32 = 16;
/** So many figures there are. */
export const MOVE_FIGURES: i32 = 17;

/* Which jobs of a tube kick and peekTube look at. */
export const KIND_ANY: i32 = 0;
export const KIND_READY: i32 = 1;
export const KIND_DELAYED: i32 = 2;
export const KIND_BURIED: i32 = 3;
/* Only a flush knows these: reserved jobs, and the keys of jobs that were deleted. */
export const KIND_RESERVED: i32 = 4;
export const KIND_COOLING: i32 = 5;
/** Ready jobs that stand aside (lanes.ts). */
export const KIND_ASIDE: i32 = 6;
/** Ready jobs that stand in shares (shares.ts). */
export const KIND_SHARED: i32 = 7;

/*
 * Settings of a tube (settings.ts), each by its number, which its TUBE record has in the journal
 * too: no number ever means anything else.
 */

/** Most jobs in the tube, in all states. */
export const SETTING_JOBS: i32 = 0;
/** Most bytes of their bodies. */
export const SETTING_BYTES: i32 = 1;
/** Longest body, in bytes. */
export const SETTING_BODY: i32 = 2;
/**
 * How many jobs are handed out in which time: a number of them, times RATE_UNITS, and RATE_SECOND,
 * RATE_MINUTE or RATE_HOUR.
 */
export const SETTING_RATE: i32 = 3;
export const RATE_UNITS: f64 = 4;
export const RATE_SECOND: f64 = 0;
export const RATE_MINUTE: f64 = 1;
export const RATE_HOUR: f64 = 2;
/** How many of these may be handed out at once, after a time in which none was. */
export const SETTING_BURST: i32 = 4;
/** Most jobs that are held at once. */
export const SETTING_RESERVED: i32 = 5;
/** In which order jobs of one priority are handed out: ORDER_PRIORITY or ORDER_FAIR. */
export const SETTING_ORDER: i32 = 6;
export const ORDER_PRIORITY: f64 = 0;
export const ORDER_FAIR: f64 = 1;
/* What a job is tagged with that is put later and does not say it itself. */
/** Seconds that it may live. */
export const SETTING_EXP: i32 = 7;
/** Attempts that it may have. */
export const SETTING_MAX: i32 = 8;
/** What replies about it wait for, ACK_*. */
export const SETTING_ACK: i32 = 9;
/**
 * The tube that dead jobs go to: its name, DEAD_PIECE_BYTES bytes of it in each of DEAD_PIECES
 * values, the lowest byte first and zeros behind the last; NOT_SET behind its end.
 */
export const SETTING_DEAD: i32 = 10;
export const DEAD_PIECES: i32 = 34;
export const DEAD_PIECE_BYTES: i32 = 6;
/** How many values a tube's settings have. */
export const SETTINGS: i32 = 44;
/** What stands for a setting that is not set; given for one, it is taken away. */
export const NOT_SET: f64 = -1;
/** Given for a setting that is to stay as it is. */
export const AS_IT_IS: f64 = -2;

/* Listing and flushing. */

/** Most jobs that one listing answers with. */
export const LIST_JOBS_MAX: u32 = 1000;
/* The words of a tube's head, behind RESULT_STATS. */
export const HEAD_HIGH: i32 = 0;
export const HEAD_LOW: i32 = 1;

/* Figures of a listing, behind RESULT_STATS. */
/** Jobs and buckets that a piece looked at. */
export const LIST_LOOKS: i32 = 0;
/** Jobs of the tube in that state. */
export const LIST_STANDING: i32 = 1;
/** Looks that a scan of the whole table takes. */
export const LIST_TABLE: i32 = 2;
/** Classes that a scan of the whole table has. */
export const LIST_CLASSES: i32 = 3;

/* How long the jobs of a tube lately took, behind RESULT_STATS. */
/** Moving average of the times to process. */
export const PACE_MICROS: i32 = 0;
/** How many there were. */
export const PACE_COUNT: i32 = 1;

/* Where a flush or a peek-reserved goes on, behind RESULT_STATS. */
export const PLACE_MAJOR: i32 = 0;
export const PLACE_MINOR: i32 = 1;
/** Number of the connection whose jobs are looked at. */
export const PLACE_CONN: i32 = 2;

/* `run`: the commands that the engine reads and answers by itself. */

/** What `run` may be told about the connection. */
export const RUN_ONLY_SHARD: i32 = 1; // there is no other shard: a job that is not here is nowhere
export const RUN_RESERVES: i32 = 2; // jobs here that are better than the bound may be taken
export const RUN_PUTS: i32 = 4; // the used tube is here and puts are welcome
export const RUN_WAITS: i32 = 8; // all that it watches and holds is here: it may be made to wait
export const RUN_BATCHES: i32 = 16; // a batch may have as many bytes as a chunk of input
/** What `run` did, in RESULT_DID. */
export const RESULT_DID: i32 = 12;
export const DID_PUT: i32 = 1;
export const DID_RESERVE: i32 = 2;
/** Bytes of replies in the output slot. */
export const RESULT_REPLY_BYTES: i32 = 13;
/** Ids used of those that the call was given. */
export const RESULT_IDS_USED: i32 = 14;
/**
 * Why it stopped: STOP_END at the end of the input or at an incomplete command, else the first byte
 * of what it left to the host.
 */
export const RESULT_STOP: i32 = 15;
export const STOP_END: i32 = 0;
/**
 * It needs ids to go on; RESULT_BODY_BYTES is the length of the put that stands there, line and
 * body.
 */
export const STOP_IDS: i32 = 256;
/** The output slot is full. */
export const STOP_ROOM: i32 = 257;
/** The journal's ring is full. */
export const STOP_JOURNAL: i32 = 258;
/**
 * The shard is short of memory: it is to be given more, if there is any, before the next command.
 */
export const STOP_SHORT: i32 = 259;
/**
 * The last command that it took was a reserve that found nothing: the connection waits now, for
 * RESULT_TIMEOUT_SECONDS at most. RESULT_DUE is as `wait` says.
 */
export const STOP_WAITING: i32 = 260;

/**
 * Pages of the shard's budget, after a call about the budget. Nothing else is written here: budgets
 * are settled between a call and the reading of its results.
 */
export const RESULT_PAGES: i32 = 60;
/** Pages of growth, after a call about the budget. */
export const RESULT_GROWTH: i32 = 61;

/**
 * When the first time to run is over of what a connection holds here that now waits; NEVER_MICROS
 * when it holds nothing.
 */
export const RESULT_DUE: i32 = 62;
/** How long it is to wait, in seconds; NO_TIMEOUT for good. */
export const RESULT_TIMEOUT_SECONDS: i32 = 63;
export const NO_TIMEOUT: f64 = -1;

/** Told to `updateJob` where a job is to keep its delay. */
export const NO_DELAY: f64 = -1;

/** 1 when the body of the job that is shown is not in memory: it is being read back; else 0. */
export const RESULT_AWAY: i32 = 59;

/**
 * Where in a thread's area a call keeps what it has at hand (run.ts, listing.ts, flushing.ts):
 * between the results above and those below.
 */
export const SCRATCH_OFFSET: u32 = 512;

/** How many commands it ran. */
export const RESULT_COMMANDS: i32 = 95;

/**
 * Where the thread's running counts of commands that `run` answered begin in its result area, in
 * the order below.
 */
export const RESULT_COUNTS: i32 = 96;
export const COUNT_PUT: i32 = 0;
export const COUNT_RESERVE: i32 = 1;
export const COUNT_RESERVE_WITH_TIMEOUT: i32 = 2;
export const COUNT_DELETE: i32 = 3;
export const COUNT_RELEASE: i32 = 4;
export const COUNT_BURY: i32 = 5;
export const COUNT_TOUCH: i32 = 6;
export const COUNT_BATCH: i32 = 7;
export const COUNTS: i32 = 8;

/* The journal. */

/**
 * Bytes of the journal's own pages, between the threads' areas and the ring: the table of segments.
 */
export const JOURNAL_BYTES: u32 = 196608;
/** Bytes of an entry of that table. */
export const SEGMENT_ENTRY_BYTES: u32 = 40;
/** Most entries of that table. */
export const SEGMENTS_MAX: u32 = 4096;
/** Kinds of records. */
export const RECORD_PUT: u8 = 1;
export const RECORD_STATE: u8 = 2;
export const RECORD_DELETE: u8 = 3;
export const RECORD_PART: u8 = 4;
/**
 * Bytes of a body in a PART record; a body whose PUT record would be longer than two of them goes
 * into such records.
 */
export const PART_BODY_BYTES: u32 = 65536;
export const RECORD_FAILURE: u8 = 5;
/** What is set for a tube. */
export const RECORD_TUBE: u8 = 6;
export const RECORD_KEY: u8 = 7;
/** Begins what a batch has done in a shard. */
export const RECORD_GROUP: u8 = 8;
/**
 * Most bytes of records of a batch, in all shards, and with its longest record counted once more:
 * what one command may write into a ring (src/engine/shards.ts).
 */
export const GROUP_BYTES_MAX: u32 = 196608;
export const GROUP_ROOM_MAX: u32 = 245760;
/** A put of a batch whose record is longer is recorded ahead of it; so are those behind so many. */
export const GROUP_BODY_BYTES: u32 = 65536;
/** What a batch is to do with a job that it looks for. */
export const FIND_OTHER: u32 = 0;
export const FIND_DELETE: u32 = 1;
export const FIND_FINISH: u32 = 2;
export const FIND_MOVE: u32 = 3;
/** To move it: the batch has claimed it (claiming.ts). */
export const FIND_CLAIMED: u32 = 4;
/* What findForGroup shows of a job, behind RESULT_STATS and JOB_STATE and JOB_PRI. */
/** 1 when it was cancelled: then it is gone with its attempt. */
export const FOUND_CANCELLED: i32 = 2;
/** 1 when what its batch copied of it is not all that there is. */
export const FOUND_STALE: i32 = 3;
/** What a finished job left behind. */
export const RECORD_RESULT: u8 = 9;
/** Marks of a STATE record, in place of the length of a name: the job is buried as before. */
export const STATE_IN_PLACE: u16 = 1;
/** The job has no limits any more. */
export const STATE_UNLIMITED: u16 = 2;
/** It is dead, and is to go to its tube's dead-letter tube. */
export const STATE_LEAVING: u16 = 4;
/** The bit from which on they say how often the job had moved, as far as there is room for it. */
export const STATE_MOVES: u16 = 3;
/** Those bits. */
export const STATE_MOVES_MASK: u32 = 0x1fff;
/** In a DELETE record, as the state: what ended is not a job but the cooldown of its key. */
export const KEY_ENDED: u8 = 1;
/** Likewise, but the result of a job that was finished. */
export const RESULT_ENDED: u8 = 3;
/** Set in the length of what is no record but the unused end of the ring. */
export const SKIP_MARK: u32 = 0x80000000;
/** Least bytes of a record without a body. */
export const RECORD_BYTES_MIN: u32 = 56;
/** Bytes of a record without a body and with the longest name. */
export const RECORD_BYTES_MOST: u32 = 288;
/** Live bytes of an entry of the table of segments, as an index into its f64 words. */
export const SEGMENT_LIVE: i32 = 1;
/**
 * Number of the segment, as an index into the 32-bit words of the entry; so are the fields below.
 */
export const SEGMENT_NUMBER: i32 = 4;
export const SEGMENT_SUPERSEDED: i32 = 5;
export const SEGMENT_FOREIGN: i32 = 6;
export const SEGMENT_LOW_ORIGIN: i32 = 7;
export const SEGMENT_HIGH_ORIGIN: i32 = 8;
