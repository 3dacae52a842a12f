/* Menu: a button behind which stands what is done seldom, out of reach of a slip of the hand.
 *
 * The list is a popover, so no table cuts it off; a press elsewhere, Escape and a choice close it.
 */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";

/** One thing to choose. */
export interface MenuChoice {
  readonly label: string;
  readonly isDestructive?: boolean;
  readonly isOff?: boolean;
  readonly act: () => void;
}

const GAP_PIXELS = 4;

/** The button, which a reader of the screen hears as `label`. */
export function Menu({
  label,
  choices,
}: {
  readonly label: string;
  readonly choices: readonly MenuChoice[];
}): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const open = (): void => {
    const place = button.current?.getBoundingClientRect();
    const element = list.current;
    if (place === undefined || element === null) return;
    element.showPopover();
    const { offsetWidth, offsetHeight } = element;
    const below = place.bottom + GAP_PIXELS;
    const isRoom = below + offsetHeight <= innerHeight;
    element.style.top = `${isRoom ? below : place.top - GAP_PIXELS - offsetHeight}px`;
    element.style.left = `${Math.max(GAP_PIXELS, place.right - offsetWidth)}px`;
    element.querySelector("button")?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class="menu-button"
        aria-label={label}
        aria-haspopup="menu"
        onClick={open}
      >
        <svg viewBox="0 0 16 4" aria-hidden="true">
          <path d="M2 2h.01M8 2h.01M14 2h.01" />
        </svg>
      </button>
      <div ref={list} class="menu" popover="auto" role="menu" aria-label={label}>
        {choices.map((choice) => (
          <button
            key={choice.label}
            type="button"
            role="menuitem"
            class={choice.isDestructive === true ? "destructive" : ""}
            disabled={choice.isOff === true}
            onClick={() => {
              list.current?.hidePopover();
              choice.act();
            }}
          >
            {choice.label}
          </button>
        ))}
      </div>
    </>
  );
}
