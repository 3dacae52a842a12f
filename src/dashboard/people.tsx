/* People: what the pages about connections share: the way from one to the other, and what a client
 * is called.
 */
import type { JSX } from "preact";
import { addressOf } from "./route.ts";
import { Tabs } from "./tabs.tsx";

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
