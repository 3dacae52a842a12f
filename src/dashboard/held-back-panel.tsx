/*
 * Held back panel: by what jobs of a tube are held back, and how many by each. Part of the tube's
 * page; it is there only while something holds jobs back.
 */
import type { ComponentChildren, JSX } from "preact";
import type { HeldBackAnswer, Hold } from "../http/api-tubes.ts";
import { GroupLink } from "./parts.tsx";
import { count, counted, duration } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { apiName } from "./server-api.ts";

/** Holds that are shown until the reader asks for all. */
const SHOWN_FIRST = 5;

/** The panel of one tube. */
export function HeldBackPanel({ tube }: { readonly tube: string }): JSX.Element | null {
  const { data } = useResource<HeldBackAnswer>(`tubes/${apiName(tube)}/held-back`, 3);
  if (data === null || data.holds.length === 0) return null;
  const first = data.holds.slice(0, SHOWN_FIRST);
  const rest = data.holds.slice(SHOWN_FIRST);
  const untold = data.holdCount - data.holds.length;
  return (
    <section class="panel back-panel" aria-labelledby="back-title">
      <h2 id="back-title">Held back</h2>
      <Holds holds={first} />
      {rest.length > 0 && (
        <details>
          <summary>{counted(data.holdCount - first.length, "more", "more")}</summary>
          <Holds holds={rest} />
          {untold > 0 && <p class="nothing">and {count(untold)} that hold back fewer</p>}
        </details>
      )}
      {!data.isWhole && <p class="nothing">There are more: not all jobs were looked at.</p>}
    </section>
  );
}

function Holds({ holds }: { readonly holds: readonly Hold[] }): JSX.Element {
  return (
    <ul class="holds">
      {holds.map((hold) => (
        <li key={`${hold.reason} ${hold.name}`}>
          <strong>{counted(hold.jobs, "job")}</strong>
          <span class="hint warn">{hold.reason}</span>
          <span>{SAYS[hold.reason](hold)}</span>
        </li>
      ))}
    </ul>
  );
}

/** What each says. */
const SAYS: Readonly<Record<Hold["reason"], (hold: Hold) => ComponentChildren>> = {
  paused: ({ leftSeconds }) => `the tube is paused for ${duration(leftSeconds)} more`,
  rate: ({ limit, leftSeconds }) =>
    `the tube has come to its rate of ${limit}, and goes on in ${duration(leftSeconds)}`,
  reserved: ({ limit }) => `as many jobs of the tube are reserved as may be, ${limit}`,
  key: ({ name, taken, limit }) => (
    <>
      with the key <code>{name}</code> {taken} of at most {limit} are reserved, in all tubes
    </>
  ),
  group: ({ name, taken }) => (
    <>
      they wait for the group <GroupLink name={name} />, in which{" "}
      {counted(taken, "job is", "jobs are")} left
    </>
  ),
};
