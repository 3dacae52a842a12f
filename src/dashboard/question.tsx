/* Question: asks before something is done that cannot be undone, or for a number.
 *
 * A modal <dialog>: the browser keeps the focus inside, Escape says no, and the focus goes back to
 * where it came from. The button that does the thing says what it does and how much of it. One
 * question at a time, and only on the page that asked it: a change of address says no.
 */
import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { route } from "./route.ts";

/** A question. */
export interface Question {
  readonly title: string;
  /** What it means, in a sentence or two. */
  readonly text: ComponentChildren;
  /** What the button says. */
  readonly action: string;
  /** Whether something is lost. */
  readonly isDestructive?: boolean;
  /** A whole number that is wanted. */
  readonly number?: {
    readonly label: string;
    readonly preset: number;
    readonly least: number;
    readonly most: number;
  };
}

interface Asked extends Question {
  readonly answer: (value: number | null) => void;
}

const asked = signal<Asked | null>(null);

/** Whether the answer is yes. */
export async function confirm(question: Question): Promise<boolean> {
  return (await put(question)) !== null;
}

/** The number that is given; null when the reader thinks better of it. */
export async function askNumber(
  question: Question & { readonly number: NonNullable<Question["number"]> },
): Promise<number | null> {
  return put(question);
}

function put(question: Question): Promise<number | null> {
  asked.value?.answer(null);
  return new Promise((answer) => {
    asked.value = { ...question, answer };
  });
}

route.subscribe(() => settle(null));

function settle(value: number | null): void {
  const question = asked.value;
  asked.value = null;
  question?.answer(value);
}

/** The place of the dialog. */
export function QuestionDialog(): JSX.Element | null {
  const question = asked.value;
  return question === null ? null : <OpenQuestion key={question.title} question={question} />;
}

function OpenQuestion({ question }: { readonly question: Asked }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [value, setValue] = useState(String(question.number?.preset ?? 0));
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const { number } = question;
  const isGood =
    number === undefined ||
    (/^\d+$/.test(value) && Number(value) >= number.least && Number(value) <= number.most);
  return (
    <dialog
      ref={dialog}
      class="question"
      aria-labelledby="question-title"
      onCancel={() => settle(null)}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isGood) settle(Number(value));
        }}
      >
        <h2 id="question-title">{question.title}</h2>
        <div class="question-text">{question.text}</div>
        {number !== undefined && (
          <label class="field">
            <span>{number.label}</span>
            <input
              inputMode="numeric"
              pattern="[0-9]+"
              value={value}
              aria-invalid={!isGood}
              onInput={(event) => setValue(event.currentTarget.value.trim())}
            />
          </label>
        )}
        <div class="question-buttons">
          <button type="button" onClick={() => settle(null)}>
            Cancel
          </button>
          <button
            type="submit"
            class={question.isDestructive === true ? "is-destructive" : "is-main"}
            disabled={!isGood}
          >
            {question.action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
