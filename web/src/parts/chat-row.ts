// One conversation in the rail: open it, give it a name, delete it.

import { css, html, LitElement, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import { clock, plural } from "../text/format";
import { refusalOf } from "../wire/refusal";
import type { Conversation } from "../wire/chat";
import { confirmed } from "./confirm";
import { Part } from "./part";

export class ChatRowPart extends Part {
  static override properties = { chat: { attribute: false }, shown: { type: Boolean, reflect: true }, naming: { state: true } };
  declare chat: Conversation;
  declare shown: boolean;
  declare naming: boolean;

  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override styles = [
    base,
    controls,
    css`
      :host {
        position: relative;
        display: flex;
        border-radius: var(--corner);
      }
      :host(:hover),
      :host(:focus-within) {
        background: var(--pressed);
      }
      :host([shown]) {
        background: var(--accent-soft);
      }
      .open {
        flex: 1;
        display: block;
        min-width: 0;
        padding: 0 var(--s2);
        border: 0;
        background: none !important;
        text-align: left;
        font-size: var(--size-small);
      }
      :host([shown]) .open {
        font-weight: 600;
      }
      .acts {
        display: flex;
        width: 0;
        overflow: hidden;
      }
      :host(:hover) .acts,
      :host(:focus-within) .acts {
        width: auto;
        overflow: visible;
      }
      @media (hover: none) {
        :host([shown]) .acts {
          width: auto;
        }
      }
      input {
        width: 100%;
        font-size: var(--size-small);
      }
    `,
  ];

  constructor() {
    super();
    this.naming = false;
  }

  protected override render(): unknown {
    const { chat } = this;
    const name = this.store.chats.nameOf(chat) || `Untitled, ${clock(new Date(chat.create_time))}`;
    if (this.naming) {
      return html`<input
        aria-label="New name"
        maxlength="200"
        .value=${chat.title}
        @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
        @blur=${() => (this.naming = false)}
      />`;
    }
    return html`<button
        class="open cut"
        type="button"
        title=${name}
        aria-current=${this.shown ? "page" : nothing}
        @click=${() => this.store.openChat(chat.conversation_id)}
      >
        ${name}
      </button>
      <span class="acts">
        <button class="plain icon" type="button" aria-label=${`Rename “${name}”`} title="Rename" @click=${() => void this.#startNaming()}>
          ${icon("pen")}
        </button>
        <button class="plain icon" type="button" aria-label=${`Delete “${name}”`} title="Delete" @click=${() => void this.#delete(name)}>
          ${icon("bin")}
        </button>
      </span>`;
  }

  async #startNaming(): Promise<void> {
    this.naming = true;
    await this.updateComplete;
    const field = this.renderRoot.querySelector("input");
    field?.focus();
    field?.select();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.preventDefault();
      this.naming = false;
    } else if (event.key === "Enter") {
      const title = (event.target as HTMLInputElement).value.trim();
      this.naming = false;
      void this.#told(this.store.chats.rename(this.chat.conversation_id, title), "Renamed.");
    }
  }

  async #delete(name: string): Promise<void> {
    const sure = await confirmed({
      title: `Delete “${name}”?`,
      text: `The conversation and its ${plural(this.chat.message_count, "message")} are deleted for good. What was learned from it is forgotten; receipts stay, they hold no text.`,
      act: "Delete",
    });
    if (sure) {
      await this.#told(this.store.deleteChat(this.chat.conversation_id), "Deleted.");
    }
  }

  async #told(work: Promise<void>, done: string): Promise<void> {
    try {
      await work;
      this.store.layout.announce(done);
    } catch (error) {
      this.store.layout.tell(refusalOf(error));
    }
  }
}

customElements.define("soma-chat-row", ChatRowPart);
