/* Help dialog: the keys, and the switch that turns them off. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { route } from "./route.ts";
import { helpIsOpen, letShortcutsAct, SHORTCUTS, shortcutsAct } from "./shortcuts.ts";

route.subscribe(() => {
  helpIsOpen.value = false; // it belongs to the page below it
});

/** The place of the dialog. */
export function HelpDialog(): JSX.Element | null {
  return helpIsOpen.value ? <OpenHelp /> : null;
}

function OpenHelp(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const close = (): void => {
    helpIsOpen.value = false;
  };
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onCancel={close}>
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcutsAct.value}
          onChange={(event) => letShortcutsAct(event.currentTarget.checked)}
        />
        Single keys act
      </label>
      <div class="question-buttons">
        <button type="button" class="is-main" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  );
}
