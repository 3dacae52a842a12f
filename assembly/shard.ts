/* Shard: the header of one shard's memory, its lock, and the way in and out of a critical section.
 *
 * Everything a shard knows lies in its one shared memory, beginning with this header at SHARD_BASE.
 * A header of zeros is an unlocked, empty shard but for what `open` in index.ts writes. Every
 * exported call that touches more than the id counters stands between `enter` and `leave`; nothing
 * here may be read or written outside them. A broken invariant traps (`must`): after that the
 * memory cannot be trusted, the host ends the process and recovers.
 */
import {
  JOURNAL_BYTES,
  OPENED,
  PAGE_BYTES,
  RESULT_WAKE_HIGH,
  RESULT_WAKE_LOW,
  SHARD_BASE,
  SHORT,
  THREADS_BASE,
  THREADS_MAX,
  THREAD_BYTES,
  WAKE,
  WANTED,
} from "./constants";

/** Size classes that each kind of piece has room for (memory.ts). */
export const CLASSES_MAX: u32 = 128;
/** Lists of pages of all kinds. */
export const LISTS: u32 = 5 * CLASSES_MAX;
/** Marks of the slots of one page, a bit each; see sweep.ts. */
export const SLOT_MARKS_BYTES: u32 = 1024;
/** Pages that a table's directory can name: 4,096 x 16,384 heads. */
export const DIRECTORY_PAGES: u32 = 4096;

/** A linear hash table; see table.ts. */
@unmanaged
export class Table {
  count: u32;
  /** Heads in use: `mask + 1 + split`. */
  mask: u32;
  split: u32;
  /** Address of the directory: DIRECTORY_PAGES addresses of pages. */
  directory: u32;
}

/** The pages of one kind and size that have a free slot. */
@unmanaged
export class List {
  front: u32;
  pages: u32;
}

@unmanaged
export class Shard {
  /** 0 free, 1 taken, 2 taken and somebody sleeps on it. */
  lock: u32;
  index: u32;
  threads: u32;
  contended: u32;

  /** Highest job id given out. Only shard 0's is used, and only atomically. */
  lastId: u64;
  /** Highest tube number given out. Only shard 0's is used, and only atomically. */
  lastNumber: u64;

  /**
   * When `enter` must work off deadlines, in microseconds. Hosts read it without the lock to arm
   * their timers.
   */
  nextDue: f64;
  /** Number of the newest connection. */
  lastConn: u64;
  /** Position behind the last mutation: in the journal's stream, or a mere count without one. */
  lsn: u64;

  /* The journal: journal.ts. ringBytes is 0 without one. */
  ringHead: u64;
  ringTail: u64;
  ringBytes: u64;
  /** Bytes that must be free before a command may run: what one on each thread can write. */
  ringReserve: u64;
  /** Records written since the start. */
  records: u64;
  /** How many of them were written to keep what a segment that goes still held. */
  recordsKept: u64;
  /** ringHead and ringTail for those who look without the lock. */
  journalHead: f64;
  journalTail: f64;
  /** Wall clock, in microseconds since 1970, at the moment 0 of the engine's clock. */
  wallBase: f64;
  /** Delays and priorities of releases are in the primary tier: every release writes a record. */
  keepsReleases: u32;
  /** How many shards the server has. */
  shards: u32;
  /** Bytes of a long body in one PART record. */
  partBytes: u32;
  /** The lists of parts that are open (parts.ts). */
  openParts: u32;
  /** The lists of parts of which nothing is needed. */
  spentParts: u32;

  /* The allocator: memory.ts. */
  freePages: u32;
  /** First page that was never used. */
  topPage: u32;
  /** End of the memory, in pages; and whether it could not grow when that was tried last. */
  endPage: u32;
  cannotGrow: u32;
  /** Segments that the journal's table lists. */
  segments: u32;
  /** Pages that may be in use before a client is refused; those that the memory may grow to. */
  budgetPages: u32;
  growthPages: u32;
  /** Of these, those that are never given back. */
  reservedPages: u32;
  /** Pages in use, free ones not counted; of them those that are cut into slots. */
  usedPages: u32;
  slabPages: u32;
  /** Bytes of the slots that are in use. */
  slotBytes: u32;

  /* Where emptying sparse pages has come to: sweep.ts. */
  sweepPass: u32;
  sweepList: u32;
  /** Pages of that list that this pass has not looked at. */
  sweepLeft: u32;
  /** The fewest loose bytes since the pass began. */
  sweptBytes: u32;

  /* What the shard holds. */
  timers: u32;
  readyTubes: u32;
  /** Tree of the connections by number (holders.ts). */
  conns: u32;
  /** Tree of the marks by token (marks.ts). */
  marks: u32;
  tubesHead: u32;
  tubesTail: u32;
  tubes: u32;
  urgent: u32;
  ready: u32;
  reserved: u32;
  delayed: u32;
  buried: u32;
  /** Of those delayed: how many wait for a group. */
  parked: u32;
  /** The first of the tubes that are to be offered, while a group is opened. */
  openedTubes: u32;
  timeouts: u64;
  total: u64;
  /** Since the start: reserves of jobs that were not ready. The others are in `times`. */
  otherReserves: u64;
  /** Since the start, as SHARD_DELETES and so on in constants.ts. */
  deletes: u64;
  releases: u64;
  buries: u64;
  kicks: u64;
  touches: u64;
  losses: u64;
  moves: u64;
  deadLetters: u64;
  /** Attempts that ended without a delete and are kept, of all jobs. */
  failuresKept: u32;
  /** Most attempts that are kept of one job. */
  keepsFailures: u32;
  /** Failures that replay met without their jobs. */
  strays: u32;

  /** Threads for which grants were made since the last `leave`. */
  wakeLow: u32;
  wakeHigh: u32;
  /**
   * Something that can be done without found no memory inside the budget since the last `leave`.
   */
  isShort: u32;
  /** Nobody is to wait for the lock any more: whoever had it is gone, or the memory is wrong. */
  isBroken: u32;

  /** Where the last long body was read: job, bytes skipped, block that begins there. */
  cursorJob: u32;
  cursorBytes: u32;
  cursorBlock: u32;
  /** Jobs that are gone and whose bodies are still read: a list by `left` and `right`. */
  gone: u32;
  /** Jobs that come from other shards and are not whole yet, as such a list. */
  arriving: u32;
  /** Dead jobs that are to leave, first come first: a list of their tags (leaving.ts). */
  leavingHead: u32;
  /** How often one came among them, or something was set for a tube; it may wrap. */
  leavingChanges: u32;
  leavingTail: u32;

  /* What jobs with tags have: keys.ts, terms.ts. */
  keys: u32;
  terms: u32;
  /** The timer of the terms stands among the timers; and it is a node, by its parts. */
  termsTimed: u32;
  termsLeft: u32;
  termsRight: u32;
  termsParent: u32;
  termsChain: u32;
  termsDue: u64;
  termsMinor: u64;

  /* Names that jobs have in common: names.ts, lanes.ts. */
  /** The first name that was freed. */
  freedNames: u32;
  /** Tree of the lanes that came back and whose tubes were not offered yet. */
  cameBack: u32;
  /** How often a share was served (shares.ts). */
  served: u64;
  /** Ready jobs that stand aside. */
  aside: u32;
  /** Puts that met a job of their key. */
  met: u32;
  /** Other shards may be to look again at a key since the last `leave`. */
  isOpening: u32;
  /** A replay is under way: members of groups are not counted yet (jobgroups.ts). */
  isRecalling: u32;
  /** 1 when replay met a job that had moved: another shard may have it too. */
  metMoved: u32;

  /* Batches: group.ts. */
  /** Puts that are in the journal and wait for their batch: a list by `left` and `right`. */
  batched: u32;
  /** A batch writes records, which nobody may see before all are there. */
  inGroup: u32;
  /** Some job's replies are to be heard before they are as safe as others (acks.ts). */
  wantsEarly: u32;
  /** They may be: ids that are told are ahead of what a crash can undo. */
  tellsEarly: u32;
  /** What replies wait for otherwise, ACK_*. */
  promises: u32;
  /** Where its GROUP record begins. */
  groupFrom: u64;
  /** The number of the newest batch. Only shard 0's is used, and only atomically. */
  lastGroup: u64;
  /**
   * Odd while the records of a batch over several shards are shown to the committer, and another
   * number before and after. Only shard 0's is used, and only atomically.
   */
  showing: u32;

  /* What finished jobs left (results.ts), what others are told of how jobs ended (awaits.ts). */
  results: u32;
  resultsKept: u32;
  resultBytes: u64;
  texts: u32;

  /* Bodies that are not in memory: away.ts, wants.ts. */
  /** Some are to be read back, since the last `leave`. */
  isWanting: u32;
  /** Whatever takes a page now, takes it to have a body leave or come back. */
  isForBodies: u32;
  /** Bytes of the bodies that are in memory and might be away, uploads included. */
  residentBytes: f64;
  /** Bytes of those of them that were read back. */
  cameBytes: f64;
  awayBytes: f64;
  /** Since the start: bodies that were read back. */
  brought: f64;
  awayJobs: u32;
  /** Jobs that were reserved with a body that was read back; comes round. */
  cameReserved: u32;
  /** Of a replay: bodies stay in the journal; so many entries say where its records lie. */
  leavesBodies: u32;
  places: u32;
  /** Page of the two queues of ids in wants.ts, 0 until the first. */
  idsPage: u32;
  wantedHead: u32;
  wantedTail: u32;
  cameHead: u32;
  cameTail: u32;
}

/*
 * Behind the header: lists and tables of fixed size; the shard's histograms (times.ts) lie at
 * SHARD_TIMES_OFFSET.
 */
export const GRANT_LISTS: usize = SHARD_BASE + 1024;
export const TABLES: usize = GRANT_LISTS + THREADS_MAX * 4;
export const DIRECTORIES: usize = SHARD_BASE + 4096;
export const PAGE_LISTS: usize = DIRECTORIES + 3 * DIRECTORY_PAGES * 4;
export const SLOT_MARKS: usize = PAGE_LISTS + LISTS * 8;

/** Bytes of the header page that hold one directory. */
export const DIRECTORY_BYTES: u32 = DIRECTORY_PAGES * 4;

/** Rounds of looking at a taken lock before sleeping; 1,000 gained nothing over 100. */
const SPINS: i32 = 100;
/**
 * A lock that nobody gives back for so many steps in a row belongs to a thread that died: trap
 * rather than wait for ever. Steps are counted and not time, because a process may be frozen while
 * its holder has the lock: however long that takes, it is one step.
 */
const LOCK_STEPS: i32 = 30;
const LOCK_STEP_NANOS: i64 = 1000000000;

export function shard(): Shard {
  return changetype<Shard>(SHARD_BASE);
}

export function jobs(): Table {
  return changetype<Table>(TABLES);
}

export function tubesByName(): Table {
  return changetype<Table>(TABLES + 16);
}

export function watches(): Table {
  return changetype<Table>(TABLES + 32);
}

/** Of names.ts; opened with the first name, its directory in a page of its own. */
export function namesTable(): Table {
  return changetype<Table>(TABLES + 48);
}

/** Address of the directory of table `i`: 0 jobs, 1 tubes, 2 watches. */
export function directoryOf(i: u32): u32 {
  return <u32>DIRECTORIES + i * DIRECTORY_BYTES;
}

/** The list of pages of number `number`: a kind and a size class. */
export function listAt(number: u32): List {
  return changetype<List>(PAGE_LISTS + ((<usize>number) << 3));
}

/** Where SLOT_MARKS_BYTES of marks lie, which mean nothing between two calls. */
export function slotMarks(): usize {
  return SLOT_MARKS;
}

/** Address of the head of the list of connections of `thread` that have a grant to collect. */
export function grantList(thread: u32): usize {
  return GRANT_LISTS + ((<usize>thread) << 2);
}

/** Traps when an invariant does not hold. No message: it would need a data segment. */
export function must(held: bool): void {
  if (!held) unreachable();
}

function acquire(): void {
  const at: usize = SHARD_BASE;
  if (atomic.cmpxchg<u32>(at, 0, 1) == 0) return;
  atomic.add<u32>(at, 1, offsetof<Shard>("contended"));
  for (let i = 0; i < SPINS; ++i) {
    if (atomic.load<u32>(at) == 0 && atomic.cmpxchg<u32>(at, 0, 1) == 0) return;
  }
  sleepForLock(LOCK_STEP_NANOS);
}

/** Takes the lock, asleep while somebody else has it. */
export function sleepForLock(stepNanos: i64): void {
  const at: usize = SHARD_BASE;
  let steps: i32 = 0;
  while (atomic.xchg<u32>(at, 2) != 0) {
    must(atomic.load<u32>(at, offsetof<Shard>("isBroken")) == 0);
    const isTimedOut = atomic.wait<i32>(at, 2, stepNanos) == 2;
    steps = isTimedOut ? steps + 1 : 0;
    must(steps < LOCK_STEPS);
  }
}

function free(): void {
  const at: usize = SHARD_BASE;
  if (atomic.sub<u32>(at, 1) != 1) {
    atomic.store<u32>(at, 0);
    atomic.notify(at, 1);
  }
}

/** Has all who wait for the lock trap, or will wait for it; whoever has it goes on. */
export function breakLock(): void {
  const at: usize = SHARD_BASE;
  atomic.store<u32>(at, 1, offsetof<Shard>("isBroken"));
  atomic.notify(at);
}

/** Takes the lock. */
export function enter(): void {
  acquire();
}

/**
 * Publishes for thread `t` which threads have grants to collect, whether memory is short, whether
 * other shards may be to look again and whether bodies are to be read back, gives the lock back,
 * and returns `code`.
 */
export function leave(t: u32, code: i32): i32 {
  const s = shard();
  let answer = code;
  if ((s.wakeLow | s.wakeHigh | s.isShort | s.isOpening | s.isWanting) != 0) {
    if (s.isShort != 0) answer |= SHORT;
    if (s.isOpening != 0) answer |= OPENED;
    if (s.isWanting != 0) answer |= WANTED;
    s.isShort = 0;
    s.isOpening = 0;
    s.isWanting = 0;
    setResult(t, RESULT_WAKE_LOW, <f64>s.wakeLow);
    setResult(t, RESULT_WAKE_HIGH, <f64>s.wakeHigh);
    if ((s.wakeLow | s.wakeHigh) != 0) answer |= WAKE;
    s.wakeLow = 0;
    s.wakeHigh = 0;
  }
  free();
  return answer;
}

/** Remembers that `thread` has a grant to collect. */
export function wake(thread: u32): void {
  const s = shard();
  if (thread < 32) s.wakeLow |= 1 << thread;
  else s.wakeHigh |= 1 << (thread - 32);
}

/** Address of the journal's own pages, behind the threads' areas; the ring follows them. */
export function journalBase(): usize {
  return <usize>(THREADS_BASE + shard().threads * THREAD_BYTES);
}

export function ringBase(): usize {
  return journalBase() + JOURNAL_BYTES;
}

/** Address of thread `t`'s area. */
function area(t: u32): usize {
  return <usize>(THREADS_BASE + t * THREAD_BYTES);
}

/** Address of the result area of thread `t`. */
export function resultSlot(t: u32): usize {
  return area(t);
}

export function setResult(t: u32, field: i32, value: f64): void {
  store<f64>(area(t) + ((<usize>field) << 3), value);
}

export function inputSlot(t: u32): usize {
  return area(t) + PAGE_BYTES;
}

export function outputSlot(t: u32): usize {
  return area(t) + 2 * PAGE_BYTES;
}
