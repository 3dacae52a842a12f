/*
 * Records: which ones lie where in a segment, and what is at stake when some of it is harmed. Used
 * by holes.test.ts and recovery.test.ts.
 */
import { RECORD_DELETE } from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { readSegmentHeader } from "../../src/journal/format.ts";
import { scanSegment } from "../../src/journal/scan.ts";
import type { World } from "./world.ts";

/** A record of a segment. */
export interface RecordAt {
  readonly id: number;
  readonly kind: number;
  readonly from: number;
  readonly to: number;
}

/** The records of a segment, and where they lie. */
export function recordsOf(world: World, name: string): readonly RecordAt[] {
  const bytes = world.disk.image(name);
  const { checksum } = world.machine;
  const salt = readSegmentHeader(bytes, checksum)?.salt ?? 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: RecordAt[] = [];
  for (const { from, to } of scanSegment(bytes, salt, checksum)) {
    for (let at = from; at < to; at += view.getUint32(at + L.RECORD_LENGTH, true)) {
      const id = Number(view.getBigUint64(at + L.RECORD_ID, true));
      const end = at + view.getUint32(at + L.RECORD_LENGTH, true);
      records.push({ id, kind: view.getUint8(at + L.RECORD_KIND), from: at, to: end });
    }
  }
  return records;
}

/**
 * What may come to harm when [from, to) cannot be read: jobs by id, and how many deleted ones may
 * come back.
 */
export function atStake(
  records: readonly RecordAt[],
  from: number,
  to: number,
): [Set<number>, number] {
  const hit = records.filter((record) => record.from < to && record.to > from);
  const deletes = hit.filter(({ kind }) => kind === RECORD_DELETE);
  return [new Set(hit.map(({ id }) => id)), deletes.length];
}
