/* People: what the pages about connections share: the way from one to the other, what a client is
 * called, and what it watches.
 */
import type { JSX } from "preact";
import { TubeLink } from "./parts.tsx";
import { count } from "./quantity.ts";
import { addressOf } from "./route.ts";
import { Tabs } from "./tabs.tsx";

const SHOWN_NAMES = 6;

/** A client by the name that it gave itself, and where it runs. */
export function shownWorker({
  name,
  host,
}: {
  readonly name: string;
  readonly host: string;
}): string {
  return host === "" ? name : `${name}@${host}`;
}

/** From all connections to those who work, and back. */
export function PeopleTabs({ shown }: { readonly shown: "connections" | "workers" }): JSX.Element {
  return (
    <Tabs
      label="Connections"
      tabs={[
        {
          key: "connections",
          address: addressOf({ page: "connections", offset: 0 }),
          isShown: shown === "connections",
          label: "All connections",
          count: undefined,
        },
        {
          key: "workers",
          address: addressOf({ page: "workers" }),
          isShown: shown === "workers",
          label: "Workers by name",
          count: undefined,
        },
      ]}
    />
  );
}

/** The first of the tubes that are watched; without `watchCount` it is not said how many more. */
export function WatchedTubes({
  watches,
  watchCount,
}: {
  readonly watches: readonly string[];
  readonly watchCount?: number;
}): JSX.Element {
  const more = watchCount === undefined ? "more" : `${count(watchCount - SHOWN_NAMES)} more`;
  return (
    <ul class="chips">
      {watches.slice(0, SHOWN_NAMES).map((name) => (
        <li key={name}>
          <TubeLink name={name} />
        </li>
      ))}
      {(watchCount ?? watches.length) > SHOWN_NAMES && (
        <li class="nothing" title={watches.join(" ")}>
          and {more}
        </li>
      )}
    </ul>
  );
}
