/* Keyed: the tags that a run reads by itself, one `idp`, `con` or `fair`, and the reply to a put
 * that met a job.
 *
 * As with all that a run takes, only what is exactly well formed is read here, and nothing that the
 * host's parser would not read (src/protocol/tags.ts): one space, one tag, CR LF. Used by run.ts.
 */
import {
  JOB_PRI,
  JOB_STATE,
  NOT_RAISED,
  RESULT_ID,
  RESULT_STATS,
  STATE_BURIED,
  STATE_DELAYED,
  STATE_READY,
  STATE_RESERVED,
  TAG_CON,
  TAG_FAIR,
  TAG_IDP,
  TUBE_NAME_MAX,
} from "./constants";
import { TAG_KIND, TAG_NAME, TAG_NAME_BYTES, TAG_NUMBER } from "./layouts";
import {
  INSERTED,
  Lines,
  RESERVED,
  SPACE,
  U32_MAX,
  writeCrlf,
  writeNumber,
  writeWord,
} from "./lines";
import { resultSlot } from "./shard";
import { tagsSlot } from "./tags";

const IDP_: u32 = 0x3a706469; // "idp:"
const CON_: u32 = 0x3a6e6f63; // "con:"
const FAIR: u32 = 0x72696166; // "fair"
const READY: u64 = 0x5944414552;
const DELAYED: u64 = 0x444559414c4544;
const BURIED: u64 = 0x444549525542;
const DELETED: u64 = 0x444554454c4544;
const COLON: u32 = 58;
const MINUS: u32 = 45;
/** Digits of a number that a run reads. */
const DIGITS_MAX: u32 = 15;

/** Whether a name may have that character (src/protocol/tube-name.ts). */
function isNameByte(byte: u32): bool {
  if ((byte | 32) - 97 < 26 || byte - 47 < 11) return true; // letters; / and digits
  if (byte - 40 < 2 || byte - 45 < 2) return true; // ( ) - .
  return byte == 36 || byte == 43 || byte == 59 || byte == 95; // $ + ; _
}

/**
 * Reads the tag at `at` into the slot of thread `t`. Returns the position behind it, in the high
 * half, and the bytes that the slot has; 0 if it is none that a run reads.
 */
export function readKey(at: u32, t: u32): u64 {
  const word = load<u32>(at);
  const isFair = word == FAIR && load<u8>(at, 4) == COLON;
  if (word != IDP_ && word != CON_ && !isFair) return 0;
  const name = at + (isFair ? 5 : 4);
  let end = name;
  while (end - name <= TUBE_NAME_MAX && isNameByte(load<u8>(end))) end++;
  const bytes = end - name;
  if (bytes == 0 || bytes > TUBE_NAME_MAX || load<u8>(name) == MINUS) return 0;
  let number: u64 = word == IDP_ ? 0 : 1;
  if (load<u8>(end) == COLON) {
    const first = end + 1;
    end = first;
    number = 0;
    let digit = <u32>load<u8>(end) - 48;
    while (digit <= 9 && end - first < DIGITS_MAX) {
      number = number * 10 + digit;
      digit = <u32>load<u8>(++end) - 48;
    }
    if (end == first || number > U32_MAX || (word != IDP_ && number == 0)) return 0;
  }
  const entry = tagsSlot(t);
  const size = TAG_NAME + ((bytes + 7) & ~7);
  store<u64>(entry + size - 8, 0); // the padding
  store<u64>(entry, 0);
  store<u8>(entry, word == IDP_ ? TAG_IDP : isFair ? TAG_FAIR : TAG_CON, TAG_KIND);
  store<u8>(entry, bytes, TAG_NAME_BYTES);
  store<u32>(entry, <u32>number, TAG_NUMBER);
  memory.copy(entry + TAG_NAME, name, bytes);
  return ((<u64>end) << 32) | size;
}

function result(t: u32, field: i32): f64 {
  return load<f64>(resultSlot(t) + ((<usize>field) << 3));
}

/** Writes what a put is told that met a job, of which the result area of thread `t` tells. */
export function writeKnown(lines: Lines, t: u32): void {
  writeWord(lines, INSERTED, 8);
  store<u8>(lines.out++, SPACE);
  writeNumber(lines, <u64>result(t, RESULT_ID));
  store<u8>(lines.out++, SPACE);
  const state = <u8>result(t, RESULT_STATS + JOB_STATE);
  if (state == STATE_READY) writeWord(lines, READY, 5);
  else if (state == STATE_RESERVED) writeWord(lines, RESERVED, 8);
  else if (state == STATE_DELAYED) writeWord(lines, DELAYED, 7);
  else if (state == STATE_BURIED) writeWord(lines, BURIED, 6);
  else writeWord(lines, DELETED, 7);
  const pri = result(t, RESULT_STATS + JOB_PRI);
  if (pri != NOT_RAISED) {
    store<u8>(lines.out++, SPACE);
    writeNumber(lines, <u64>pri);
  }
  writeCrlf(lines);
}
