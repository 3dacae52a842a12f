/* Pager: where one is in a list of many pages, and the way on. */
import type { ComponentChildren, JSX } from "preact";
import { count } from "./quantity.ts";

/** For lists that are counted. */
export function Pager({
  offset,
  limit,
  total,
  addressAt,
}: {
  readonly offset: number;
  readonly limit: number;
  readonly total: number;
  /** The address of the page that begins at this offset. */
  readonly addressAt: (offset: number) => string;
}): JSX.Element | null {
  if (total <= limit && offset === 0) return null;
  const lastOffset = Math.floor(Math.max(0, total - 1) / limit) * limit;
  const before = Math.max(0, offset - limit);
  const next = Math.min(lastOffset, offset + limit);
  return (
    <nav class="pager" aria-label="Pages">
      <span>
        {count(Math.min(offset + 1, total))}–{count(Math.min(offset + limit, total))} of{" "}
        {count(total)}
      </span>
      <span class="button-row">
        <Step to={0} isOff={offset === 0} label="First" addressAt={addressAt} />
        <Step to={before} isOff={offset === 0} label="Back" keyName="back" addressAt={addressAt} />
        <Step
          to={next}
          isOff={offset >= lastOffset}
          label="Next"
          keyName="next"
          addressAt={addressAt}
        />
        <Step to={lastOffset} isOff={offset >= lastOffset} label="Last" addressAt={addressAt} />
      </span>
    </nav>
  );
}

/** For lists that only go on: each page begins behind some place, the first at 0. */
export function OnwardPager({
  after,
  next,
  onward = "Next",
  addressAt,
  children,
}: {
  readonly after: number;
  /** Where the next page begins; null at the end. */
  readonly next: number | null;
  /** What the way on is called. */
  readonly onward?: string;
  readonly addressAt: (after: number) => string;
  /** What this page has. */
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <nav class="pager" aria-label="Pages">
      <span>{children}</span>
      <span class="button-row">
        {after > 0 && <Step to={0} label="First" keyName="back" addressAt={addressAt} />}
        <Step
          to={next ?? 0}
          isOff={next === null}
          label={onward}
          keyName="next"
          addressAt={addressAt}
        />
      </span>
    </nav>
  );
}

function Step({
  to,
  isOff = false,
  label,
  keyName,
  addressAt,
}: {
  readonly to: number;
  readonly isOff?: boolean;
  readonly label: string;
  readonly keyName?: string;
  readonly addressAt: (to: number) => string;
}): JSX.Element {
  if (isOff) return <span class="button is-off">{label}</span>;
  return (
    <a class="button" href={addressAt(to)} data-key={keyName}>
      {label}
    </a>
  );
}
