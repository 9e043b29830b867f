// What can be done with the conversation that is shown: take it along as a file, read one in.

import { css, html } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import { Part } from "./part";

interface Item {
  name: string;
  needsChat: boolean;
  act: () => void;
}

export class MenuPart extends Part {
  static override properties = { open: { state: true } };
  declare open: boolean;

  static override styles = [
    base,
    controls,
    css`
      :host {
        position: relative;
      }
      [role="menu"] {
        position: absolute;
        z-index: 4;
        top: 36px;
        right: 0;
        min-width: 208px;
        padding: var(--s1);
        border: 1px solid var(--outline);
        border-radius: var(--corner);
        background: var(--raised);
      }
      [role="menuitem"] {
        justify-content: flex-start;
        width: 100%;
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
    `,
  ];

  constructor() {
    super();
    this.open = false;
  }

  protected override watched(): readonly Watchable[] {
    return [this.store.thread.conversationId];
  }

  protected override render(): unknown {
    return html`<button
        class="plain icon"
        type="button"
        aria-label="Conversation menu"
        title="Export and import"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        @click=${() => (this.open = !this.open)}
        @keydown=${(event: KeyboardEvent) => this.#onButtonKey(event)}
      >
        ${icon("more")}
      </button>
      <div
        role="menu"
        aria-label="Conversation"
        ?hidden=${!this.open}
        @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
        @focusout=${(event: FocusEvent) => this.#maybeClose(event)}
      >
        ${this.#items().map(
          (item) => html`<button role="menuitem" type="button" tabindex="-1" ?disabled=${item.needsChat && this.store.thread.conversationId.value === ""} @click=${() => this.#run(item)}>
            ${item.name}
          </button>`,
        )}
      </div>`;
  }

  protected override updated(changed: Map<string, unknown>): void {
    if (changed.has("open") && this.open) {
      this.#stops()[0]?.focus();
    }
  }

  #items(): Item[] {
    const { store } = this;
    return [
      { name: "Export as JSON", needsChat: true, act: () => void store.files.take(store.thread.conversationId.value, "json") },
      { name: "Export as Markdown", needsChat: true, act: () => void store.files.take(store.thread.conversationId.value, "markdown") },
      { name: "Import a conversation", needsChat: false, act: () => store.files.choose() },
    ];
  }

  #stops(): HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)')];
  }

  #run(item: Item): void {
    this.#close();
    item.act();
  }

  #close(): void {
    this.open = false;
    this.renderRoot.querySelector<HTMLElement>("[aria-haspopup]")?.focus();
  }

  #onButtonKey(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      this.open = true;
    }
  }

  #onKey(event: KeyboardEvent): void {
    const stops = this.#stops();
    const at = stops.findIndex((stop) => stop.matches(":focus"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: stops.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      stops[(to + stops.length) % stops.length]?.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#close();
    }
  }

  #maybeClose(event: FocusEvent): void {
    if (!(event.relatedTarget instanceof Node) || !this.renderRoot.contains(event.relatedTarget)) {
      this.open = false;
    }
  }
}

customElements.define("soma-menu", MenuPart);
