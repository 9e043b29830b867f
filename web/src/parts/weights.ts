// What recall has learned: each weight with its default, the versions before, and the way back.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { moment, plural } from "../text/format";
import type { AdaptationState, Adapted, RetrievalWeights } from "../wire/mind";
import { refusalOf } from "../wire/refusal";
import { confirmed } from "./confirm";
import { scale, scaleStyles } from "./gauge";
import { Part } from "./part";

type Name = keyof RetrievalWeights;
const WEIGHTS: readonly (readonly [Name, number, string])[] = [
  ["vector", 1.0, "Likeness of meaning"],
  ["lexical", 1.0, "Likeness of words"],
  ["graph", 0.2, "Links"],
  ["recency", 0.1, "How new it is"],
  ["temperature", 0.7, "How even scores become"],
];

export class WeightsPart extends Part {
  static override properties = { refused: { state: true } };
  declare refused: string;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    scaleStyles,
    css`
      :host {
        margin-top: var(--s5);
      }
      .weight {
        margin-bottom: var(--s1);
      }
      li button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        margin-top: var(--s2);
        color: var(--accent);
        cursor: pointer;
      }
    `,
  ];

  constructor() {
    super();
    this.refused = "";
  }

  protected override watched(): readonly Watchable[] {
    const { adaptation, mesh } = this.store;
    return [adaptation.now, adaptation.problem, adaptation.versions.rows, adaptation.versions.problem, mesh.roles];
  }

  protected override render(): unknown {
    const { now, problem, versions } = this.store.adaptation;
    const trouble = this.refused || (problem.value ?? versions.problem.value)?.message;
    return html`<section aria-labelledby="weights">
      <h2 id="weights">What recall weighs <span>${now.value === undefined ? "" : `version ${now.value.state.version}`}</span></h2>
      ${trouble ? html`<p class="problem" role="alert">${trouble}</p>` : nothing}
      ${now.value === undefined ? nothing : this.#now(now.value)}
    </section>`;
  }

  #now(adapted: Adapted): unknown {
    const { state } = adapted;
    return html`
      ${WEIGHTS.map(([name, usual, meaning]) => weight(adapted, name, usual, meaning))}
      <p class="quiet">
        ${state.feedback_count === 0
          ? "No feedback has moved them yet: rate an answer that used memories, and what found them counts more, or less."
          : `Moved by ${plural(state.feedback_count, "feedback")}. ${state.cause}`}
      </p>
      ${state.version === 0 ? nothing : this.#versions(state.version)}
    `;
  }

  #versions(holds: number): unknown {
    const { adaptation } = this.store;
    return html`<details @toggle=${(event: Event) => void this.#opened(event)}>
      <summary>Versions before</summary>
      <ol class="rows">
        ${(adaptation.versions.rows.value ?? []).map((row) => this.#version(row, holds))}
      </ol>
      ${adaptation.versions.hasMore
        ? html`<button class="plain" type="button" @click=${() => void adaptation.versions.more()}>Show older</button>`
        : nothing}
    </details>`;
  }

  #version(row: AdaptationState, holds: number): unknown {
    const when = row.time === undefined ? "" : moment(row.time);
    return html`<li>
      <div class="pair"><strong>Version ${row.version}</strong><span>${row.version === holds ? "holds" : when}</span></div>
      <p class="quiet">${row.cause}</p>
      <p class="quiet">${WEIGHTS.map(([name]) => `${name} ${row.retrieval?.[name].toFixed(2) ?? ""}`).join(", ")}</p>
      <div class="pair">
        ${row.turn_id === ""
          ? html`<span></span>`
          : html`<button class="link" type="button" @click=${() => this.store.showReceipt(row.turn_id)}>
              its turn<span class="unseen"> of version ${row.version}</span>
            </button>`}
        ${this.store.mesh.isOperator && row.version !== holds
          ? html`<button type="button" @click=${() => void this.#rollBack(row)}>
              Roll back<span class="unseen"> to version ${row.version}</span>
            </button>`
          : nothing}
      </div>
    </li>`;
  }

  async #opened(event: Event): Promise<void> {
    if ((event.target as HTMLDetailsElement).open) {
      await this.store.adaptation.loadVersions();
    }
  }

  async #rollBack(row: AdaptationState): Promise<void> {
    this.refused = "";
    const sure = await confirmed({
      title: `Roll back to version ${row.version}?`,
      text: "The next recall weighs as it did then. It becomes a new version; no older one is lost.",
      act: "Roll back",
      refrain: "Leave it",
    });
    if (!sure) {
      return;
    }
    try {
      await this.store.adaptation.rollBack(row.version);
      this.store.layout.announce(`The weights of version ${row.version} hold again.`);
    } catch (error) {
      this.refused = refusalOf(error).message;
    }
  }
}

function weight({ state, minimum, maximum }: Adapted, name: Name, usual: number, meaning: string): unknown {
  const value = state.retrieval?.[name] ?? usual;
  const ends: readonly [number, number] = [minimum?.[name] ?? 0, maximum?.[name] ?? usual];
  const words = `${value.toFixed(3)}, default ${usual}, from ${ends[0]} to ${ends[1]}`;
  return html`<div class="weight">
    <div class="pair"><span>${meaning} <span class="quiet">${name}, default ${usual}</span></span><strong>${value.toFixed(3)}</strong></div>
    ${scale(value, usual, ends, `${meaning}: ${words}`)}
  </div>`;
}

customElements.define("soma-weights", WeightsPart);
