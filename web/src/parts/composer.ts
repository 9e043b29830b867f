// Where a person writes. While an answer is written the button stops it.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import { Part } from "./part";

const MOST_BYTES = 65_536;
const ENCODER = new TextEncoder();

export class ComposerPart extends Part {
  static override properties = { draft: { state: true } };
  declare draft: string;

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: block;
        padding: 1px var(--s5) var(--s3);
        overflow: hidden;
        scrollbar-gutter: stable both-edges;
      }
      form {
        display: flex;
        align-items: flex-end;
        gap: var(--s2);
        width: 100%;
        max-width: var(--column);
        margin: 0 auto;
        padding: 6px;
        border: 1px solid var(--outline);
        border-radius: 10px;
        background: var(--raised);
      }
      form:focus-within {
        border-color: var(--accent);
        outline: 1px solid var(--accent);
      }
      textarea {
        flex: 1;
        min-height: 32px;
        max-height: 40dvh;
        padding: var(--s1) var(--s2);
        border: 0;
        outline: none;
        background: none;
        resize: none;
        line-height: 1.6;
        field-sizing: content;
      }
      textarea:focus-visible {
        outline: none;
      }
      .hint {
        max-width: var(--column);
        margin: var(--s1) auto 0;
        padding: 0 var(--s2);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .hint.bad {
        color: var(--bad);
      }
      @media (max-width: 899.98px) {
        :host {
          padding: 1px var(--s3) var(--s2);
          scrollbar-gutter: auto;
        }
        .hint:not(.bad) {
          display: none;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.draft = "";
  }

  protected override watched(): readonly Watchable[] {
    return [this.store.talk.running, this.store.talk.conversationId];
  }

  protected override render(): unknown {
    const running = this.store.talk.running.value !== undefined;
    const bytes = ENCODER.encode(this.draft).length;
    const tooLong = bytes > MOST_BYTES;
    return html`<form @submit=${(event: Event) => this.#submit(event)}>
        <textarea
          rows="1"
          aria-label="Message"
          placeholder="Write a message"
          autocomplete="off"
          aria-invalid=${tooLong}
          .value=${this.draft}
          @input=${(event: InputEvent) => (this.draft = (event.target as HTMLTextAreaElement).value)}
          @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
        ></textarea>
        ${running
          ? html`<button class="icon" type="button" aria-label="Stop" title="Stop (Escape)" @click=${() => this.store.talk.stop()}>
              ${icon("stop")}
            </button>`
          : html`<button class="main icon" type="submit" aria-label="Send" title="Send (Enter)" ?disabled=${tooLong || this.draft.trim() === ""}>
              ${icon("up")}
            </button>`}
      </form>
      ${this.#hint(running, bytes)}`;
  }

  #hint(running: boolean, bytes: number): unknown {
    if (bytes > MOST_BYTES) {
      return html`<p class="hint bad" role="alert">
        A message may have 64 KiB of text; this one has ${Math.ceil(bytes / 1024)} KiB. Shorten it or send it in parts.
      </p>`;
    }
    if (running) {
      return html`<p class="hint"><kbd>Esc</kbd> stops the answer. What is written is kept.</p>`;
    }
    return this.store.talk.conversationId.value === ""
      ? html`<p class="hint"><kbd>Enter</kbd> sends, <kbd>Shift Enter</kbd> makes a new line.</p>`
      : nothing;
  }

  focusField(): void {
    const field = this.renderRoot.querySelector("textarea");
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  }

  protected override firstUpdated(): void {
    if (!this.store.layout.narrow.value) {
      this.focusField();
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      this.#submit(event);
    }
  }

  #submit(event: Event): void {
    event.preventDefault();
    const { talk } = this.store;
    if (talk.running.value === undefined && ENCODER.encode(this.draft).length <= MOST_BYTES && this.draft.trim() !== "") {
      talk.say(this.draft);
      this.draft = "";
    }
  }
}

customElements.define("soma-composer", ComposerPart);

declare global {
  interface HTMLElementTagNameMap {
    "soma-composer": ComposerPart;
  }
}
