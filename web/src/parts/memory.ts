// What is remembered: search as you type or look through the newest, narrow it, keep something.

import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import type { Watchable } from "../state/cell";
import { count, plural } from "../text/format";
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
      .quiet {
        margin-bottom: var(--s2);
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

  override connectedCallback(): void {
    super.connectedCallback();
    void this.store.memories.search();
  }

  protected override watched(): readonly Watchable[] {
    const { memories, thread } = this.store;
    const { found, problem, filters, wanted, report, undo, query, newest, stats } = memories;
    return [found, problem, filters, wanted, report, undo, query, newest.rows, newest.problem, stats, thread.conversationId];
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
      ${this.#report()}
      ${memories.problem.value === undefined ? nothing : html`<p class="problem" role="alert">${memories.problem.value.message}</p>`}
      ${wanted === undefined ? nothing : html`<soma-memory-card .store=${this.store} .memory=${wanted}></soma-memory-card>`}
      ${this.#searches ? this.#results() : this.#newest()} ${this.#adding()}
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
      ${this.#searches ? this.#importance(now.min_importance) : nothing}
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

  #importance(least: number): unknown {
    return html`<select aria-label="Importance" @change=${(event: Event) => this.#narrow({ min_importance: Number(chosen(event)) })}>
      ${[0, 0.5, 0.7, 0.9].map(
        (each) => html`<option value=${each} ?selected=${least === each}>${each === 0 ? "any importance" : `importance ≥ ${each}`}</option>`,
      )}
    </select>`;
  }

  #report(): unknown {
    const { report, undo } = this.store.memories;
    if (report.value === "") {
      return nothing;
    }
    const { value: back } = undo;
    return html`<p class="notice" role="status">
      ${report.value}
      ${back === undefined ? nothing : html`<button class="link" type="button" @click=${() => void this.#undo(back)}>Undo</button>`}
    </p>`;
  }

  async #undo(back: () => Promise<void>): Promise<void> {
    try {
      await back();
    } catch (error) {
      this.store.memories.problem.value = refusalOf(error);
    }
    this.store.layout.announce(this.store.memories.report.value);
  }

  #newest(): unknown {
    const { newest, wanted } = this.store.memories;
    if (newest.problem.value !== undefined) {
      return html`<p class="problem" role="alert">${newest.problem.value.message}</p>`;
    }
    const { value: rows } = newest.rows;
    const { value: shown } = wanted;
    return html`
      <p class="quiet">Type what it is about: memories are found by meaning and by words. ${this.#stats()}</p>
      ${rows === undefined ? html`<p class="quiet">Reading the newest…</p>` : nothing}
      ${rows?.length === 0 ? html`<p class="quiet">Nothing is remembered here yet. What you say of yourself in a conversation will be.</p>` : nothing}
      ${repeat(
        (rows ?? []).filter((memory) => memory.memory_id !== shown?.memory_id),
        (memory) => memory.memory_id,
        (memory) => html`<soma-memory-card .store=${this.store} .memory=${memory}></soma-memory-card>`,
      )}
      ${newest.hasMore ? html`<button type="button" @click=${() => void newest.more()}>Show older</button>` : nothing}
    `;
  }

  #stats(): unknown {
    const { value: stats } = this.store.memories.stats;
    if (stats === undefined) {
      return nothing;
    }
    const all = (name: "memory_count" | "token_count" | "quarantined_count" | "resting_count") =>
      (stats.namespaces ?? []).reduce((sum, each) => sum + Number(each[name]), 0);
    const hidden = this.store.mesh.isOperator && all("quarantined_count") > 0 ? `, ${count(all("quarantined_count"))} hidden` : "";
    return html`${plural(all("memory_count"), "memory", "memories")} of ${plural(all("token_count"), "token")},
    ${count(all("resting_count"))} at rest${hidden}.${stats.vector_index_up ? "" : " The index of meanings is away: words, links and times still find."}`;
  }

  #results(): unknown {
    const { value: found } = this.store.memories.found;
    if (found === undefined) {
      return this.store.memories.problem.value === undefined ? html`<p class="quiet">Searching…</p>` : nothing;
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
    this.store.memories.undo.value = undefined;
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
