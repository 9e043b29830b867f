// The state of the agent: four gauges, what each changes, what moved them.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import type { Watchable } from "../state/cell";
import { capital, clock, dayOf } from "../text/format";
import type { StateChange } from "../wire/types";
import { gauge, gaugeStyles } from "./gauge";
import { Part } from "./part";

const EVERY_MS = 5000;

export class MindPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    panel,
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
    `,
  ];
  #timer: ReturnType<typeof setInterval> | undefined;

  protected override watched(): readonly Watchable[] {
    const { mind, thread } = this.store;
    return [mind.state, mind.changes, mind.problem, thread.conversationId];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
    this.#timer = setInterval(() => {
      if (!document.hidden) {
        void this.#load();
      }
    }, EVERY_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  #load(): Promise<void> {
    return this.store.mind.load(this.store.thread.agentId);
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
      <section aria-labelledby="moved">
        <h2 id="moved">What moved this <span>state ${state.state_version}</span></h2>
        ${this.#changes()}
      </section>
    `;
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
