/* A stream with one burst of every kind of reply, cut in two at every byte. */
import type { Step, Stream } from "./stream.ts";
import { unitOf, type Unit } from "./unit.ts";

const MAX_JOB_SIZE_BYTES = 20;
const INPUT = [
  "use a-tube\r\nwatch a-tube\r\n",
  "put 5 0 1000 9\r\nwith\r\n\0\xff.\r\n",
  "put 5 0 1000 3\r\nabcd\n\r\n",
  "put 5 0 1000 21\r\ndelete 1\r\ndelete 2\r\n.\r\n",
  "put 5 0 1000 3 \r\nabc\r\n",
  "reserve-with-timeout 0\r\nreserve-with-timeout 0\r\n",
  "stats-tube a-tube\r\n\r\nnonsense\r\n",
  `${"long ".repeat(60)}\r\n`,
  "peek 18446744073709551615\r\nkick 4294967295\r\nlist-tubes-watched\r\n",
];

/** The stream. Its connection reserves one job in each burst and keeps it. */
export function cutAtEveryByte(): Stream {
  const units = INPUT.map((text) => unitOf(Buffer.from(text, "latin1"), MAX_JOB_SIZE_BYTES)).filter(
    (unit): unit is Unit => unit !== undefined,
  );
  const length = units.reduce((sum, unit) => sum + unit.bytes.length, 0);
  const steps = Array.from({ length }, (_, index): Step => {
    return { kind: "burst", connection: 0, units, cuts: -1 - index };
  });
  return { seed: 0, maxJobSizeBytes: MAX_JOB_SIZE_BYTES, steps };
}
