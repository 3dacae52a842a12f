/* Search field: a text that goes into the address a moment after the last key. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const WAIT_MILLIS = 250;

/** A labelled field; `/` puts the cursor there. */
export function SearchField({
  label,
  placeholder,
  value,
  onChange,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): JSX.Element {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** What went into the address, and has not come back from there; the newest last. */
  const sent = useRef<string[]>([]);
  // The address may change by itself: Back, a link. What comes back from there is no change: more
  // may have been typed meanwhile.
  useEffect(() => {
    const isOwn = sent.current.includes(value);
    if (!isOwn) setText(value);
    if (!isOwn || value === sent.current.at(-1)) sent.current = [];
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (next: string, waitMillis: number): void => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      if (next !== value) sent.current.push(next);
      onChange(next);
    }, waitMillis);
  };
  return (
    <search class="search">
      <input
        type="search"
        data-key="search"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        maxLength={200}
        autoComplete="off"
        spellcheck={false}
        onInput={(event) => change(event.currentTarget.value, WAIT_MILLIS)}
        onKeyDown={(event) => {
          if (event.key === "Enter") change(event.currentTarget.value, 0);
          if (event.key === "Escape" && text !== "") change("", 0);
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </search>
  );
}
