// A question before something is done that cannot be taken back.

import { css, html, LitElement } from "lit";
import { base, controls } from "../design/shared";

export interface Question {
  title: string;
  text: string;
  act: string;
  /** What the button says that does nothing. */
  refrain?: string;
}

export class ConfirmPart extends LitElement {
  static override properties = { question: { attribute: false } };
  declare question: Question;
  answer: (sure: boolean) => void = () => undefined;

  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: min(440px, calc(100vw - 32px));
        padding: var(--s5);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--raised);
        color: var(--ink);
      }
      dialog::backdrop {
        background: var(--veil);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      p {
        margin: var(--s2) 0 var(--s5);
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      .row {
        display: flex;
        justify-content: flex-end;
        gap: var(--s2);
      }
    `,
  ];

  protected override render(): unknown {
    return html`<dialog aria-labelledby="title" aria-describedby="text" @keydown=${keepEscape} @close=${(event: Event) => this.#closed(event)}>
      <h2 id="title">${this.question.title}</h2>
      <p id="text">${this.question.text}</p>
      <form class="row" method="dialog">
        <button type="submit" value="">${this.question.refrain ?? "Keep it"}</button>
        <button class="danger" type="submit" value="sure">${this.question.act}</button>
      </form>
    </dialog>`;
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  #closed(event: Event): void {
    this.answer((event.target as HTMLDialogElement).returnValue === "sure");
  }
}

customElements.define("soma-confirm", ConfirmPart);

/** Escape closes the question alone, not what it was asked from. */
function keepEscape(event: KeyboardEvent): void {
  if (event.key === "Escape") {
    event.stopPropagation();
  }
}

/** Whether the person is sure. The focus goes back to where it was. */
export async function confirmed(question: Question): Promise<boolean> {
  const part = new ConfirmPart();
  part.question = question;
  const answer = new Promise<boolean>((resolve) => {
    part.answer = resolve;
  });
  document.body.append(part);
  const sure = await answer;
  part.remove();
  return sure;
}
