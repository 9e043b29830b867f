// Where a person writes. While an answer is written, what is sent waits for its end, or ends it.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Queued } from "../state/turns";
import type { WhileBusy } from "../wire/frames";
import { refusalOf } from "../wire/refusal";
import { isMac } from "./keys";
import { Part } from "./part";

const MOST_BYTES = 65_536;
const ENCODER = new TextEncoder();
const COMMAND = isMac() ? "⌘" : "Ctrl";

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
      .queue {
        max-width: var(--column);
        margin: 0 auto var(--s2);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--sunken);
        font-size: var(--size-small);
      }
      .queue li {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 2px 0 var(--s3);
      }
      .queue li + li {
        border-top: 1px solid var(--hairline);
      }
      .queue svg {
        flex: none;
      }
      .queue .cut {
        flex: 1;
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
      .now {
        padding: 0 var(--s2);
        font-size: var(--size-small);
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
    const { turns, thread } = this.store;
    return [turns.running, turns.queue, thread.conversationId, thread.entries];
  }

  protected override render(): unknown {
    const { busy } = this.store.turns;
    const bytes = ENCODER.encode(this.draft).length;
    const unfit = bytes > MOST_BYTES || this.draft.trim() === "";
    return html`${this.#queue()}
      <form @submit=${(event: Event) => this.#submit(event, "enqueue")}>
        <textarea
          rows="1"
          aria-label="Message"
          placeholder=${busy ? "Write what comes next" : "Write a message"}
          autocomplete="off"
          aria-invalid=${bytes > MOST_BYTES}
          .value=${this.draft}
          @input=${(event: InputEvent) => (this.draft = (event.target as HTMLTextAreaElement).value)}
          @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
        ></textarea>
        ${busy ? this.#whileBusy(unfit) : nothing}
        ${busy && unfit
          ? nothing
          : html`<button class="main icon" type="submit" aria-label=${busy ? "Send after this answer" : "Send"} title=${busy ? "Send after this answer (Enter)" : "Send (Enter)"} ?disabled=${unfit}>
              ${icon(busy ? "wait" : "up")}
            </button>`}
      </form>
      ${this.#hint(busy, bytes)}`;
  }

  #whileBusy(unfit: boolean): unknown {
    return html`${unfit
        ? nothing
        : html`<button class="plain now" type="button" title=${`Stop and send (${COMMAND} Enter)`} @click=${(event: Event) => this.#submit(event, "interrupt")}>
            Stop and send
          </button>`}
      ${this.store.turns.running.value === undefined
        ? nothing
        : html`<button class="icon" type="button" aria-label="Stop" title="Stop (Escape)" @click=${() => this.store.turns.stop()}>
            ${icon("stop")}
          </button>`}`;
  }

  #queue(): unknown {
    const { value: queue } = this.store.turns.queue;
    if (queue.length === 0) {
      return nothing;
    }
    return html`<ol class="queue" aria-label="Waiting messages">
      ${queue.map(
        (queued) => html`<li>
          ${icon("wait")}<span class="cut">${queued.text}</span>
          <button class="plain icon" type="button" aria-label="Take it back" title="Take it back into the message box" @click=${() => this.#takeBack(queued)}>
            ${icon("close")}
          </button>
        </li>`,
      )}
    </ol>`;
  }

  #takeBack(queued: Queued): void {
    this.store.turns.takeBack(queued).catch((error: unknown) => this.store.layout.tell(refusalOf(error)));
    this.draft = [queued.text, this.draft].filter((text) => text !== "").join("\n");
    this.focusField();
  }

  #hint(busy: boolean, bytes: number): unknown {
    if (bytes > MOST_BYTES) {
      return html`<p class="hint bad" role="alert">
        A message may have 64 KiB of text; this one has ${Math.ceil(bytes / 1024)} KiB. Shorten it or send it in parts.
      </p>`;
    }
    if (busy) {
      return this.draft.trim() === ""
        ? html`<p class="hint"><kbd>Esc</kbd> stops the answer. What is written is kept.</p>`
        : html`<p class="hint"><kbd>Enter</kbd> sends it after this answer, <kbd>${COMMAND} Enter</kbd> stops the answer and sends it now.</p>`;
    }
    return this.draft !== "" || this.store.thread.conversationId.value === ""
      ? html`<p class="hint"><kbd>Enter</kbd> sends, <kbd>Shift Enter</kbd> makes a new line.</p>`
      : html`<p class="hint"><kbd>↑</kbd> edits the last question.</p>`;
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
      this.#submit(event, event.ctrlKey || event.metaKey ? "interrupt" : "enqueue");
    } else if (event.key === "ArrowUp" && this.draft === "") {
      const last = this.store.thread.entries.value.findLast((entry) => entry.role === "user" && entry.messageId !== "");
      if (last !== undefined && this.store.turns.running.value === undefined) {
        event.preventDefault();
        this.store.layout.editing.value = last;
      }
    }
  }

  #submit(event: Event, whileBusy: WhileBusy): void {
    event.preventDefault();
    if (ENCODER.encode(this.draft).length <= MOST_BYTES && this.draft.trim() !== "") {
      this.store.turns.say(this.draft, whileBusy);
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
