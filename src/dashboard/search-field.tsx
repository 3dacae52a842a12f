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
  // The address may change by itself: Back, a link.
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (next: string, waitMillis: number): void => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(next), waitMillis);
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
