/* Question: asks before something is done that cannot be undone, for a number, or for texts.
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
}

/** A whole number that is wanted. */
export interface NumberField {
  readonly label: string;
  readonly preset: number;
  readonly least: number;
  readonly most: number;
}

/** A text that is wanted. */
export interface TextField {
  readonly label: string;
  /** What stands in an empty field: how a value is written. */
  readonly form?: string;
  /** What it is, in a line. */
  readonly help?: ComponentChildren;
  readonly preset: string;
  readonly isGood: (text: string) => boolean;
}

/** Does something with the texts; a message says what is wrong with them, null that all is well. */
export type Trial = (texts: readonly string[]) => Promise<string | null>;

interface Asked extends Question {
  readonly fields: readonly TextField[];
  readonly trial: Trial | undefined;
  readonly answer: (texts: readonly string[] | null) => void;
}

const asked = signal<Asked | null>(null);

/** Whether the answer is yes. */
export async function confirm(question: Question): Promise<boolean> {
  return (await put(question, [])) !== null;
}

/** The number that is given; null when the reader thinks better of it. */
export async function askNumber(
  question: Question & { readonly number: NumberField },
): Promise<number | null> {
  const { label, preset, least, most } = question.number;
  const isGood = (text: string): boolean =>
    /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
  const texts = await put(question, [{ label, preset: String(preset), isGood }]);
  return texts === null ? null : Number(texts[0]);
}

/**
 * The texts that are given, one for each field; null when the reader thinks better of it. With a
 * trial the question stays, and says what is wrong, until that is well.
 */
export async function askTexts(
  question: Question,
  fields: readonly TextField[],
  trial?: Trial,
): Promise<readonly string[] | null> {
  return put(question, fields, trial);
}

function put(
  question: Question,
  fields: readonly TextField[],
  trial?: Trial,
): Promise<readonly string[] | null> {
  asked.value?.answer(null);
  return new Promise((answer) => {
    asked.value = { ...question, fields, trial, answer };
  });
}

route.subscribe(() => settle(null));

function settle(texts: readonly string[] | null): void {
  const question = asked.value;
  asked.value = null;
  question?.answer(texts);
}

/** The place of the dialog. */
export function QuestionDialog(): JSX.Element | null {
  const question = asked.value;
  return question === null ? null : <OpenQuestion key={question.title} question={question} />;
}

function OpenQuestion({ question }: { readonly question: Asked }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { fields, trial } = question;
  const [isTrying, setIsTrying] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [texts, setTexts] = useState(fields.map(({ preset }) => preset));
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const isGoodAt = (at: number): boolean => fields[at]?.isGood(texts[at] ?? "") !== false;
  const isGood = fields.every((_, at) => isGoodAt(at));
  const give = async (): Promise<void> => {
    if (!isGood || isTrying) return;
    setIsTrying(true);
    const wrong = (await trial?.(texts)) ?? null;
    setIsTrying(false);
    setTrouble(wrong);
    if (wrong === null && asked.value === question) settle(texts);
  };
  const hasHelp = fields.some(({ help }) => help !== undefined);
  return (
    <dialog
      ref={dialog}
      class={hasHelp ? "question is-form" : "question"}
      aria-labelledby="question-title"
      onCancel={() => settle(null)}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void give();
        }}
      >
        <h2 id="question-title">{question.title}</h2>
        <div class="question-text">{question.text}</div>
        {fields.map(({ label, form, help }, at) => (
          <div key={label} class="field">
            <label for={`question-${at}`}>{label}</label>
            <input
              id={`question-${at}`}
              value={texts[at]}
              placeholder={form}
              aria-invalid={!isGoodAt(at)}
              aria-describedby={help === undefined ? undefined : `question-help-${at}`}
              onInput={(event) => setTexts(texts.with(at, event.currentTarget.value.trim()))}
            />
            {help !== undefined && (
              <p id={`question-help-${at}`} class="field-help">
                {help}
              </p>
            )}
          </div>
        ))}
        <div class="question-end">
          <p class="question-trouble" role="alert">
            {trouble}
          </p>
          <div class="question-buttons">
            <button type="button" onClick={() => settle(null)}>
              Cancel
            </button>
            <button
              type="submit"
              class={question.isDestructive === true ? "is-destructive" : "is-main"}
              disabled={!isGood || isTrying}
            >
              {question.action}
            </button>
          </div>
        </div>
      </form>
    </dialog>
  );
}
