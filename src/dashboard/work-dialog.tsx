/* Work dialog: how far something is that takes its time, with a button that stops it.
 *
 * A modal <dialog>, so nothing else is begun meanwhile; it appears only when the work is not over
 * at once. Escape stops the work, and so does a change of address: what is done by then is done.
 * One work at a time.
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { count, counted, percent } from "./quantity.ts";
import { route } from "./route.ts";

/** How far it is. */
interface Progress {
  readonly title: string;
  readonly jobs: number;
  /** Of how many; null while nobody knows. */
  readonly total: number | null;
  readonly stop: () => void;
}

const shown = signal<Progress | null>(null);

/** Work that is over within this is not shown. */
const AT_ONCE_MILLIS = 400;

/** Something that is being done to jobs, piece by piece; `end` must follow. */
export class Work {
  readonly #title: string;
  readonly #total: number | null;
  readonly #where = route.value;
  readonly #timer: ReturnType<typeof setTimeout>;
  #jobs = 0;
  #isShown = false;
  #isStopped = false;

  constructor(title: string, total: number | null) {
    this.#title = title;
    this.#total = total;
    this.#timer = setTimeout(() => {
      this.#isShown = true;
      this.#show();
    }, AT_ONCE_MILLIS);
  }

  /** Whether it is not to go on: the reader said so, or has gone to another page. */
  get isStopped(): boolean {
    return this.#isStopped || route.value !== this.#where;
  }

  /** So many jobs are done. */
  tell(jobs: number): void {
    this.#jobs = jobs;
    if (this.#isShown && !this.isStopped) this.#show();
  }

  /** It is over. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#isShown) shown.value = null;
  }

  #show(): void {
    const stop = (): void => {
      this.#isStopped = true;
      shown.value = null;
    };
    shown.value = { title: this.#title, jobs: this.#jobs, total: this.#total, stop };
  }
}

/** The place of the dialog. */
export function WorkDialog(): JSX.Element | null {
  const progress = shown.value;
  return progress === null ? null : <OpenWork progress={progress} />;
}

function OpenWork({ progress }: { readonly progress: Progress }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { title, jobs, total, stop } = progress;
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} class="work" aria-labelledby="work-title" onCancel={stop}>
      <h2 id="work-title">{title}</h2>
      <progress aria-label="Progress" max={total ?? 1} value={total === null ? undefined : jobs} />
      <p class="work-count">
        {total === null
          ? `${counted(jobs, "job")} so far`
          : `${count(jobs)} of ${counted(total, "job")}`}
        {total !== null && <strong>{percent(jobs, total)} %</strong>}
      </p>
      <div class="question-buttons">
        <button type="button" onClick={stop}>
          Stop
        </button>
      </div>
    </dialog>
  );
}
