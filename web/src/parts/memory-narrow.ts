// What narrows the memories that are shown: their kind, weight, subject, time, source and conversation.

import { css, html, nothing } from "lit";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { MemoryFilters } from "../wire/types";
import { Part } from "./part";

export const KINDS: readonly (readonly [string, string])[] = [
  ["MEMORY_KIND_EPISODIC", "episodic"],
  ["MEMORY_KIND_SEMANTIC", "semantic"],
  ["MEMORY_KIND_PROCEDURAL", "procedural"],
];

export class MemoryNarrowPart extends Part {
  static override styles = [
    base,
    controls,
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
    `,
  ];

  protected override watched(): readonly Watchable[] {
    const { memories, thread } = this.store;
    return [memories.filters, memories.query, thread.conversationId];
  }

  protected override render(): unknown {
    const { value: now } = this.store.memories.filters;
    const here = this.store.thread.conversationId.value;
    return html`<div class="narrow">
      <select aria-label="Kind" @change=${(event: Event) => this.#narrow({ kinds: chosen(event) === "" ? [] : [chosen(event)] })}>
        <option value="" ?selected=${now.kinds.length === 0}>every kind</option>
        ${KINDS.map(([value, name]) => html`<option value=${value} ?selected=${now.kinds.includes(value)}>${name}</option>`)}
      </select>
      ${this.#searches ? this.#importance(now.min_importance) : nothing}
      ${this.#searches ? this.#heldOn(now.held_on) : nothing}
      <input
        aria-label="About whom"
        placeholder="about whom"
        maxlength="256"
        .value=${now.subject}
        @change=${(event: Event) => this.#narrow({ subject: (event.target as HTMLInputElement).value.trim() })}
      />
      ${!this.#searches
        ? html`<label>
            <input
              type="checkbox"
              .checked=${now.include_retired}
              @change=${(event: Event) => this.#narrow({ include_retired: (event.target as HTMLInputElement).checked })}
            />
            also what rests
          </label>`
        : nothing}
      ${this.#searches || now.source_id === ""
        ? nothing
        : html`<label>
            <input type="checkbox" checked @change=${() => this.#narrow({ source_id: "" })} />
            of one source
          </label>`}
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

  get #searches(): boolean {
    return this.store.memories.query.value.trim() !== "";
  }

  #heldOn(day: string): unknown {
    return html`<label>
      held on
      <input
        type="date"
        aria-label="Held on"
        .value=${day}
        @change=${(event: Event) => this.#narrow({ held_on: (event.target as HTMLInputElement).value })}
      />
    </label>`;
  }

  #importance(least: number): unknown {
    return html`<select aria-label="Importance" @change=${(event: Event) => this.#narrow({ min_importance: Number(chosen(event)) })}>
      ${[0, 0.5, 0.7, 0.9].map(
        (each) => html`<option value=${each} ?selected=${least === each}>${each === 0 ? "any importance" : `importance ≥ ${each}`}</option>`,
      )}
    </select>`;
  }

  #narrow(change: Partial<MemoryFilters>): void {
    const { filters } = this.store.memories;
    filters.value = { ...filters.value, ...change };
    void this.store.memories.search();
  }
}

function chosen(event: Event): string {
  return (event.target as HTMLSelectElement).value;
}

customElements.define("soma-memory-narrow", MemoryNarrowPart);
