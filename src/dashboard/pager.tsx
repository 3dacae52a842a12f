/* Pager: where one is in a list of many pages, and the way on. */
import type { JSX } from "preact";
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

function Step({
  to,
  isOff,
  label,
  keyName,
  addressAt,
}: {
  readonly to: number;
  readonly isOff: boolean;
  readonly label: string;
  readonly keyName?: string;
  readonly addressAt: (offset: number) => string;
}): JSX.Element {
  if (isOff) return <span class="button is-off">{label}</span>;
  return (
    <a class="button" href={addressAt(to)} data-key={keyName}>
      {label}
    </a>
  );
}
