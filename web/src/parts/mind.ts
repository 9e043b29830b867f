// The mind of the agent: four gauges and what each changes, its sleep, what recall weighs, what moved it, what was examined.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import type { Watchable } from "../state/cell";
import { capital, clock, dayOf, words } from "../text/format";
import type { StateChange } from "../wire/types";
import { gauge, gaugeStyles, scaleStyles } from "./gauge";
import { Part } from "./part";
import "./sleep";
import "./weights";

const EVERY_MS = 5000;
const WHILE_A_CYCLE_RUNS_MS = 1000;

export class MindPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    panel,
    scaleStyles,
    gaugeStyles,
    css`
      .gauge h2 {
        margin: 0;
      }
      small {
        font-size: inherit;
        font-weight: 400;
      }
      .more {
        margin-top: var(--s2);
      }
      details {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `,
  ];
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override watched(): readonly Watchable[] {
    const { mind, thread } = this.store;
    return [mind.state, mind.changes, mind.problem, mind.findings, thread.conversationId];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  /** Reads anew while somebody looks, and sooner while a cycle runs. */
  async #follow(): Promise<void> {
    if (!document.hidden) {
      await this.store.loadMind();
    }
    clearTimeout(this.#timer);
    if (this.isConnected) {
      this.#timer = setTimeout(() => void this.#follow(), this.store.sleep.cycleRuns ? WHILE_A_CYCLE_RUNS_MS : EVERY_MS);
    }
  }

  protected override render(): unknown {
    const { mind } = this.store;
    const { value: state } = mind.state;
    const problem = mind.problem.value === undefined ? nothing : html`<p class="problem" role="alert">${mind.problem.value.message}</p>`;
    if (state === undefined) {
      return problem;
    }
    return html`
      ${problem}
      <section aria-label="State">${state.states.map((each) => gauge(each, state.effects, mind.history(each.name)))}</section>
      <soma-sleep .store=${this.store}></soma-sleep>
      <soma-weights .store=${this.store}></soma-weights>
      <section aria-labelledby="moved">
        <h2 id="moved">What moved this <span>state ${state.state_version}</span></h2>
        ${this.#changes()}
      </section>
      <details @toggle=${(event: Event) => void this.#examine(event)}>
        <summary>Examine this mind</summary>
        ${this.#findings()}
      </details>
    `;
  }

  async #examine(event: Event): Promise<void> {
    if ((event.target as HTMLDetailsElement).open) {
      await this.store.mind.examine();
    }
  }

  #findings(): unknown {
    const { value: findings } = this.store.mind.findings;
    if (findings === undefined) {
      return html`<p class="quiet" role="status">It is being examined.</p>`;
    }
    return html`<ul class="rows">
      ${findings.map(
        ({ name, sound, sentence }) => html`<li>
          <div class="pair"><strong>${capital(words(name))}</strong><span class=${sound ? "" : "trouble"}>${sound ? "sound" : "wrong"}</span></div>
          <p class="quiet">${sentence}</p>
        </li>`,
      )}
    </ul>`;
  }

  #changes(): unknown {
    const { mind } = this.store;
    if (mind.changes.value.length === 0) {
      return html`<p class="quiet">Nothing yet: every value is at its baseline. A turn moves them.</p>`;
    }
    return html`<ul class="rows">
        ${mind.changes.value.map((change) => this.#change(change))}
      </ul>
      ${mind.hasMore
        ? html`<button class="plain more" type="button" @click=${() => void mind.loadMore()}>Show older</button>`
        : nothing}`;
  }

  #change(change: StateChange): unknown {
    const time = new Date(change.time);
    return html`<li>
      <div class="pair">
        <span>${capital(change.name)} ${change.before.toFixed(3)} → ${change.after.toFixed(3)}</span>
        <time datetime=${change.time} title=${dayOf(change.time)}>${clock(time)}</time>
      </div>
      <div class="pair">
        <span class="quiet">${capital(change.cause)}</span>
        ${change.turn_id === ""
          ? nothing
          : html`<button class="link" type="button" @click=${() => this.store.showReceipt(change.turn_id)}>
              its turn<span class="unseen"> of ${clock(time)}: ${change.cause}</span>
            </button>`}
      </div>
    </li>`;
  }
}

customElements.define("soma-mind", MindPart);
