/* MadeLog: a beanstalkd's log (version 7) of records that no beanstalkd would write. */

/** A whole record of a ready job. */
export interface MadeJob {
  readonly id: bigint;
  readonly tube?: string;
  readonly body?: string;
  readonly delayNanos?: bigint;
  readonly ttrNanos?: bigint;
}

const STRUCT_BYTES = 80;
const SECOND_NANOS = 1_000_000_000n;

/** A file of these records. */
export function madeLog(records: readonly Buffer[]): Buffer {
  const version = Buffer.alloc(4);
  version.writeInt32LE(7);
  return Buffer.concat([version, ...records, Buffer.alloc(100)]);
}

export function madeJob(job: MadeJob): Buffer {
  const { id, tube = "default", body = "body", delayNanos = 0n, ttrNanos = SECOND_NANOS } = job;
  const length = Buffer.alloc(4);
  length.writeInt32LE(tube.length);
  const struct = Buffer.alloc(STRUCT_BYTES);
  struct.writeBigUInt64LE(id, 0);
  struct.writeBigInt64LE(delayNanos, 16);
  struct.writeBigInt64LE(ttrNanos, 24);
  struct.writeInt32LE(body.length + 2, 32);
  struct.writeBigInt64LE(BigInt(Date.now()) * 1_000_000n, 40);
  struct.writeUInt8(1, 76);
  return Buffer.concat([length, Buffer.from(tube, "latin1"), struct, Buffer.from(`${body}\r\n`)]);
}

/** A record that says that the job is gone. */
export function madeEnd(id: bigint): Buffer {
  const record = Buffer.alloc(4 + STRUCT_BYTES);
  record.writeBigUInt64LE(id, 4);
  record.writeInt32LE(6, 4 + 32);
  return record;
}
