// What a person said: the words, other versions of them, and the editor in which they are changed.

import { css, html } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Entry } from "../state/entry";
import { Part } from "./part";
import "./branch-switch";

export class QuestionPart extends Part {
  static override properties = { entry: { attribute: false } };
  declare entry: Entry;

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: block;
      }
      .said {
        position: relative;
      }
      .said > button {
        position: absolute;
        top: 5px;
        right: 5px;
        width: 28px;
        min-height: 28px;
      }
      .asked {
        padding: var(--s2) 40px var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      soma-branch-switch {
        display: flex;
        margin: 2px 0 0 -8px;
      }
      form {
        display: grid;
        gap: var(--s2);
        padding: var(--s2);
        border: 1px solid var(--accent);
        border-radius: var(--corner);
        background: var(--raised);
      }
      textarea {
        width: 100%;
        max-height: 50dvh;
        border: 0;
        background: none;
        resize: none;
        line-height: 1.6;
        field-sizing: content;
      }
      textarea:focus-visible {
        outline: none;
      }
      .end {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: flex-end;
        gap: var(--s2);
      }
      .end .quiet {
        flex: 1;
        min-width: 12ch;
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    return [this.entry.changed, this.store.turns.running, this.store.layout.editing];
  }

  get #editing(): boolean {
    return this.store.layout.editing.value === this.entry;
  }

  protected override render(): unknown {
    if (this.#editing) {
      return this.#editor();
    }
    const { entry } = this;
    const busy = this.store.turns.running.value !== undefined;
    return html`<div class="said">
        <div class="asked">${entry.text}</div>
        <button
          class="plain icon"
          type="button"
          aria-label="Edit the question"
          title="Edit the question"
          ?disabled=${busy || entry.messageId === ""}
          @click=${() => (this.store.layout.editing.value = entry)}
        >
          ${icon("pen")}
        </button>
      </div>
      <soma-branch-switch .store=${this.store} .entry=${entry}></soma-branch-switch>`;
  }

  #editor(): unknown {
    return html`<form @submit=${(event: Event) => this.#submit(event)} @keydown=${(event: KeyboardEvent) => this.#onKey(event)}>
      <textarea aria-label="The question, edited" rows="1" .value=${this.entry.text}></textarea>
      <div class="end">
        <span class="quiet tiny">The old question and its answer stay beside it.</span>
        <button type="button" @click=${() => this.#close()}>Cancel</button>
        <button class="main" type="submit">Send</button>
      </div>
    </form>`;
  }

  protected override updated(): void {
    if (this.#editing && !this.#wasEditing) {
      const field = this.renderRoot.querySelector("textarea");
      field?.focus();
      field?.setSelectionRange(field.value.length, field.value.length);
      this.scrollIntoView({ block: "nearest" });
    }
    this.#wasEditing = this.#editing;
  }
  #wasEditing = false;

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.preventDefault();
      this.#close();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target instanceof HTMLTextAreaElement) {
      this.#submit(event);
    }
  }

  #submit(event: Event): void {
    event.preventDefault();
    const text = this.renderRoot.querySelector("textarea")?.value ?? "";
    if (text.trim() === "" || this.store.turns.running.value !== undefined) {
      return;
    }
    this.#close();
    this.store.turns.edit(this.entry, text);
  }

  #close(): void {
    this.store.layout.editing.value = undefined;
    this.dispatchEvent(new CustomEvent("soma-done", { bubbles: true, composed: true }));
  }
}

customElements.define("soma-question", QuestionPart);
