// What is remembered: search as you type or look through the newest, narrow it, keep something.

import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import type { Watchable } from "../state/cell";
import { count, plural } from "../text/format";
import { refusalOf } from "../wire/refusal";
import { Part } from "./part";
import "./memory-card";
import { KINDS } from "./memory-narrow";

const PAUSE_MS = 150;
export class MemoryPart extends Part {
  static override properties = { refused: { state: true } };
  declare refused: string;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      select {
        min-height: 28px;
        padding: 0 var(--s1);
        font-size: var(--size-tiny);
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
  #told = "";

  constructor() {
    super();
    this.refused = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.store.memories.search();
  }

  /** Where the card that had the focus went with what was done to it, the search gets it. */
  protected override updated(): void {
    const { value: told } = this.store.memories.report;
    if (told !== this.#told && told !== "" && document.activeElement === document.body) {
      this.renderRoot.querySelector<HTMLElement>("input[type=search]")?.focus();
    }
    this.#told = told;
  }

  protected override watched(): readonly Watchable[] {
    const { memories } = this.store;
    const { found, problem, wanted, report, undo, query, newest, stats } = memories;
    return [found, problem, wanted, report, undo, query, newest.rows, newest.problem, stats];
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
      <soma-memory-narrow .store=${this.store}></soma-memory-narrow>
      ${this.#report()}
      ${memories.problem.value === undefined ? nothing : html`<p class="problem" role="alert">${memories.problem.value.message}</p>`}
      ${wanted === undefined ? nothing : html`<soma-memory-card .store=${this.store} .memory=${wanted}></soma-memory-card>`}
      ${this.#searches ? this.#results() : this.#newest()} ${this.#adding()}
    `;
  }

  get #searches(): boolean {
    return this.store.memories.query.value.trim() !== "";
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

customElements.define("soma-memory", MemoryPart);
