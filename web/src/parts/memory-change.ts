// Changing a memory: what it says, how much it matters, its labels; or saying what is true instead.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import { refusalOf } from "../wire/refusal";
import type { Memory } from "../wire/types";
import { Part } from "./part";

export type Change = "edit" | "correct";

export class MemoryChangePart extends Part {
  static override properties = { memory: { attribute: false }, how: { attribute: false }, refused: { state: true }, busy: { state: true } };
  declare memory: Memory;
  declare how: Change;
  declare refused: string;
  declare busy: boolean;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      form {
        display: grid;
        gap: var(--s2);
        margin: var(--s2) 0;
      }
      textarea {
        min-height: 72px;
        resize: vertical;
      }
      label {
        display: grid;
        gap: var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .acts {
        display: flex;
        justify-content: flex-end;
        gap: var(--s2);
      }
    `,
  ];

  constructor() {
    super();
    this.refused = "";
    this.busy = false;
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector("textarea")?.focus();
  }

  protected override render(): unknown {
    const { memory, how } = this;
    return html`<form @submit=${(event: SubmitEvent) => void this.#save(event)} @keydown=${(event: KeyboardEvent) => this.#onKey(event)}>
      <label>
        ${how === "edit" ? "What it says" : "What is true instead; the old one is kept as superseded"}
        <textarea name="text" required maxlength="8000" .value=${memory.text}></textarea>
      </label>
      ${how === "edit"
        ? html`<label>
              How much it matters, 0 to 1
              <input name="importance" type="number" min="0" max="1" step="0.05" required .value=${String(Math.round(memory.importance * 100) / 100)} />
            </label>
            <label>Labels, with commas between<input name="tags" maxlength="1000" .value=${memory.tags.join(", ")} /></label>`
        : nothing}
      ${this.refused === "" ? nothing : html`<p class="problem" role="alert">${this.refused}</p>`}
      <div class="acts">
        <button class="plain" type="button" @click=${() => this.#done()}>Cancel</button>
        <button class="main" type="submit" ?disabled=${this.busy}>${how === "edit" ? "Save" : "Correct it"}</button>
      </div>
    </form>`;
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const told = new FormData(event.target as HTMLFormElement);
    const text = String(told.get("text")).trim();
    this.busy = true;
    try {
      if (this.how === "correct") {
        await this.store.memories.correct(this.memory, text);
      } else {
        await this.#edit(text, Number(told.get("importance")), labels(String(told.get("tags"))));
      }
      this.#done();
      this.store.layout.announce(this.store.memories.report.value);
    } catch (error) {
      this.refused = refusalOf(error).message;
    } finally {
      this.busy = false;
    }
  }

  async #edit(text: string, importance: number, tags: string[]): Promise<void> {
    const { memory } = this;
    const changed: Partial<Memory> = {
      ...(text === memory.text ? {} : { text }),
      ...(Math.abs(importance - memory.importance) < 0.005 ? {} : { importance }),
      ...(tags.join("\n") === memory.tags.join("\n") ? {} : { tags }),
    };
    if (Object.keys(changed).length > 0) {
      await this.store.memories.change(memory, changed);
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#done();
    }
  }

  #done(): void {
    this.dispatchEvent(new CustomEvent("done"));
  }
}

function labels(text: string): string[] {
  return text.split(",").map((label) => label.trim()).filter((label) => label !== "");
}

customElements.define("soma-memory-change", MemoryChangePart);
