// What is remembered: search as you type, narrow it, keep something, forget something.

import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import type { Watchable } from "../state/cell";
import { plural } from "../text/format";
import { refusalOf } from "../wire/refusal";
import type { MemoryFilters } from "../wire/types";
import { Part } from "./part";
import "./memory-card";

const PAUSE_MS = 150;
const KINDS: readonly (readonly [string, string])[] = [
  ["MEMORY_KIND_EPISODIC", "episodic"],
  ["MEMORY_KIND_SEMANTIC", "semantic"],
  ["MEMORY_KIND_PROCEDURAL", "procedural"],
];

export class MemoryPart extends Part {
  static override properties = { refused: { state: true } };
  declare refused: string;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      .narrow {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
        margin: var(--s2) 0 var(--s4);
      }
      select {
        min-height: 28px;
        padding: 0 var(--s1);
        font-size: var(--size-tiny);
      }
      label {
        display: flex;
        align-items: center;
        gap: var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      label input {
        min-height: 0;
        accent-color: var(--accent);
      }
      details {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        color: var(--accent);
        cursor: pointer;
      }
      form {
        display: grid;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      textarea {
        min-height: 72px;
        resize: vertical;
      }
      form div {
        display: flex;
        justify-content: space-between;
        gap: var(--s2);
      }
    `,
  ];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.refused = "";
  }

  protected override watched(): readonly Watchable[] {
    const { memories, thread } = this.store;
    return [memories.found, memories.problem, memories.filters, memories.wanted, memories.report, memories.query, thread.conversationId];
  }

  protected override render(): unknown {
    const { memories } = this.store;
    const { value: wanted } = memories.wanted;
    return html`
      <div class="filter">
        ${icon("search")}
        <input
          type="search"
          aria-label="Search memories"
          placeholder="Search what is remembered"
          .value=${memories.query.value}
          @input=${(event: InputEvent) => this.#type((event.target as HTMLInputElement).value)}
        />
      </div>
      ${this.#narrowing()}
      ${memories.report.value === "" ? nothing : html`<p class="notice" role="status">${memories.report.value}</p>`}
      ${memories.problem.value === undefined ? nothing : html`<p class="problem" role="alert">${memories.problem.value.message}</p>`}
      ${wanted === undefined ? nothing : html`<soma-memory-card .store=${this.store} .memory=${wanted}></soma-memory-card>`}
      ${this.#results()} ${this.#adding()}
    `;
  }

  #narrowing(): unknown {
    const { filters } = this.store.memories;
    const { value: now } = filters;
    const here = this.store.thread.conversationId.value;
    return html`<div class="narrow">
      <select aria-label="Kind" @change=${(event: Event) => this.#narrow({ kinds: chosen(event) === "" ? [] : [chosen(event)] })}>
        <option value="" ?selected=${now.kinds.length === 0}>every kind</option>
        ${KINDS.map(([value, name]) => html`<option value=${value} ?selected=${now.kinds.includes(value)}>${name}</option>`)}
      </select>
      <select aria-label="Importance" @change=${(event: Event) => this.#narrow({ min_importance: Number(chosen(event)) })}>
        ${[0, 0.5, 0.7, 0.9].map(
          (least) => html`<option value=${least} ?selected=${now.min_importance === least}>
            ${least === 0 ? "any importance" : `importance ≥ ${least}`}
          </option>`,
        )}
      </select>
      ${here === ""
        ? nothing
        : html`<label>
            <input
              type="checkbox"
              .checked=${now.conversation_id === here}
              @change=${(event: Event) => this.#narrow({ conversation_id: (event.target as HTMLInputElement).checked ? here : "" })}
            />
            of this conversation
          </label>`}
    </div>`;
  }

  #results(): unknown {
    const { value: found } = this.store.memories.found;
    if (found === undefined) {
      return this.store.memories.wanted.value === undefined
        ? html`<p class="quiet">Type what it is about: memories are found by meaning and by words.</p>`
        : nothing;
    }
    return html`
      ${found.degraded_reasons.map((reason) => html`<p class="notice warn">${reason}</p>`)}
      <p class="quiet" role="status">
        ${found.hits.length === 0 ? "Nothing that is remembered fits." : `${plural(found.hits.length, "memory", "memories")}, the best first.`}
      </p>
      ${repeat(
        found.hits,
        (hit) => hit.memory.memory_id,
        (hit) => html`<soma-memory-card .store=${this.store} .memory=${hit.memory} .hit=${hit}></soma-memory-card>`,
      )}
    `;
  }

  #adding(): unknown {
    return html`<details>
      <summary>Keep something</summary>
      <form @submit=${(event: SubmitEvent) => void this.#keep(event)}>
        <textarea name="text" required maxlength="8000" aria-label="What to remember" placeholder="One thing, in one sentence"></textarea>
        <div>
          <select name="kind" aria-label="Kind of the new memory">
            ${KINDS.map(([value, name]) => html`<option value=${value} ?selected=${name === "semantic"}>${name}</option>`)}
          </select>
          <button class="main" type="submit">Keep it</button>
        </div>
        ${this.refused === "" ? nothing : html`<p class="problem" role="alert">${this.refused}</p>`}
      </form>
    </details>`;
  }

  #type(text: string): void {
    this.store.memories.query.value = text;
    this.store.memories.wanted.value = undefined;
    this.store.memories.report.value = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.store.memories.search(), PAUSE_MS);
  }

  #narrow(change: Partial<MemoryFilters>): void {
    const { filters } = this.store.memories;
    filters.value = { ...filters.value, ...change };
    void this.store.memories.search();
  }

  async #keep(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const told = new FormData(form);
    try {
      await this.store.memories.add(String(told.get("text")), String(told.get("kind")));
      this.refused = "";
      form.reset();
      this.store.layout.announce(this.store.memories.report.value);
    } catch (error) {
      this.refused = refusalOf(error).message;
    }
  }
}

function chosen(event: Event): string {
  return (event.target as HTMLSelectElement).value;
}

customElements.define("soma-memory", MemoryPart);
