/* Tabs: the parts of a list, of which one is shown; each is a link, with how many are in it. */
import type { ComponentChildren, JSX } from "preact";
import { Figure } from "./parts.tsx";

/** One part. */
export interface Tab {
  readonly key: string;
  /** Its class, if it looks unlike the others. */
  readonly kind?: string;
  readonly address: string;
  readonly isShown: boolean;
  readonly label: ComponentChildren;
  /** How many are in it; undefined while nobody knows. */
  readonly count: number | undefined;
}

/** All parts. */
export function Tabs({
  label,
  tabs,
}: {
  readonly label: string;
  readonly tabs: readonly Tab[];
}): JSX.Element {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a
          key={tab.key}
          class={tab.kind}
          href={tab.address}
          aria-current={tab.isShown ? "page" : undefined}
        >
          {tab.label}
          <span class="tab-count">
            {tab.count === undefined ? "" : <Figure value={tab.count} />}
          </span>
        </a>
      ))}
    </nav>
  );
}
