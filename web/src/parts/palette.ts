// The palette: type a few letters, choose by arrows, do it.

import { css, html, nothing, type PropertyValues } from "lit";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import { commands, matching, type Command } from "./commands";
import { Part } from "./part";

const MOST = 50;

export class PalettePart extends Part {
  static override properties = { text: { state: true }, chosen: { state: true } };
  declare text: string;
  declare chosen: number;

  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: min(560px, calc(100vw - 24px));
        max-height: min(480px, 80dvh);
        margin: 12dvh auto auto;
        padding: 0;
        border: 1px solid var(--outline);
        border-radius: 10px;
        background: var(--raised);
        color: var(--ink);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
      }
      dialog::backdrop {
        background: var(--veil);
      }
      input {
        width: 100%;
        min-height: 48px;
        padding: 0 var(--s4);
        border: 0;
        border-bottom: 1px solid var(--hairline);
        border-radius: 0;
        background: none;
      }
      input:focus-visible {
        outline: none;
      }
      [role="listbox"] {
        padding: var(--s2);
        overflow-y: auto;
      }
      [role="option"] {
        display: flex;
        align-items: center;
        gap: var(--s3);
        min-height: 34px;
        padding: 0 var(--s2);
        border-radius: var(--corner);
        cursor: pointer;
      }
      [role="option"][aria-selected="true"] {
        background: var(--accent-soft);
        box-shadow: inset 2px 0 var(--accent);
      }
      [role="option"] .group {
        flex: none;
        width: 56px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      [role="option"] .cut {
        flex: 1;
      }
      p {
        padding: var(--s4);
      }
    `,
  ];
  #found: Command[] = [];

  constructor() {
    super();
    this.text = "";
    this.chosen = 0;
  }

  protected override watched(): readonly Watchable[] {
    const { mesh, chats } = this.store;
    return [mesh.models, mesh.agents, chats.list];
  }

  // What comes while the palette is open joins it, and the mark stays on its command.
  protected override willUpdate(changed: PropertyValues<this>): void {
    const marked = this.#found[this.chosen];
    this.#found = matching(commands(this.store), this.text).slice(0, MOST);
    if (!changed.has("text") && !changed.has("chosen")) {
      const place = this.#found.findIndex(({ group, name }) => group === marked?.group && name === marked.name);
      this.chosen = Math.max(0, place);
    }
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  protected override updated(): void {
    this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  protected override render(): unknown {
    const found = this.#found;
    return html`<dialog
      aria-label="Commands"
      @close=${() => (this.store.layout.paletteOpen.value = false)}
      @click=${(event: MouseEvent) => this.#maybeLeave(event)}
    >
      <input
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="list"
        aria-activedescendant=${found.length === 0 ? nothing : `option-${this.chosen}`}
        placeholder="Go to a chat, or do something"
        autocomplete="off"
        autofocus
        .value=${this.text}
        @input=${(event: InputEvent) => this.#type((event.target as HTMLInputElement).value)}
        @keydown=${(event: KeyboardEvent) => this.#onKey(event, found)}
      />
      ${found.length === 0
        ? html`<p class="quiet" role="status">No command and no chat is called so.</p>`
        : html`<div id="list" role="listbox" aria-label="Commands">${found.map((command, place) => this.#option(command, place))}</div>`}
    </dialog>`;
  }

  #option(command: Command, place: number): unknown {
    return html`<div
      id=${`option-${place}`}
      role="option"
      aria-selected=${place === this.chosen}
      @mousemove=${() => (this.chosen = place)}
      @click=${() => this.#run(command)}
    >
      <span class="group">${command.group}</span><span class="cut">${command.name}</span>
      ${command.keys === "" ? nothing : html`<kbd>${command.keys}</kbd>`}
    </div>`;
  }

  #type(text: string): void {
    this.text = text;
    this.chosen = 0;
  }

  #onKey(event: KeyboardEvent, found: readonly Command[]): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const command = found[this.chosen];
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      this.chosen = (this.chosen + step + found.length) % found.length;
    } else if (event.key === "Enter" && command !== undefined) {
      event.preventDefault();
      this.#run(command);
    }
  }

  #run(command: Command): void {
    this.renderRoot.querySelector("dialog")?.close();
    command.run();
  }

  #maybeLeave(event: MouseEvent): void {
    if (event.target === event.currentTarget) {
      this.renderRoot.querySelector("dialog")?.close();
    }
  }
}

customElements.define("soma-palette", PalettePart);
