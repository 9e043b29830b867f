// The cycles of sleep: the one that runs, when one will, running one now, and what the last ones did.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { capital, enumWords, moment, plural } from "../text/format";
import type { SleepCycle, SleepStatus } from "../wire/mind";
import { refusalOf } from "../wire/refusal";
import { Part } from "./part";

export class SleepCyclesPart extends Part {
  static override properties = { refused: { state: true }, busy: { state: true } };
  declare refused: string;
  declare busy: boolean;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      :host {
        margin-top: var(--s4);
      }
      button {
        margin: var(--s2) 0;
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `,
  ];

  constructor() {
    super();
    this.refused = "";
    this.busy = false;
  }

  protected override watched(): readonly Watchable[] {
    const { sleep, mesh } = this.store;
    return [sleep.status, sleep.cycles.rows, sleep.cycles.problem, mesh.roles];
  }

  protected override render(): unknown {
    const { status, cycles } = this.store.sleep;
    const trouble = this.refused || cycles.problem.value?.message;
    const [last, ...earlier] = (cycles.rows.value ?? []).filter((cycle) => cycle.state !== "SLEEP_CYCLE_STATE_RUNNING");
    return html`<div role="group" aria-labelledby="cycles">
      <h3 id="cycles">Cycles</h3>
      ${trouble ? html`<p class="problem" role="alert">${trouble}</p>` : nothing}
      ${status.value === undefined ? nothing : this.#now(status.value)}
      ${last === undefined ? nothing : html`<p class="quiet">The last one:</p><ul class="rows">${report(last)}</ul>`}
      ${earlier.length === 0
        ? nothing
        : html`<details>
            <summary>Earlier ones</summary>
            <ul class="rows">${earlier.map((cycle) => report(cycle))}</ul>
            ${cycles.hasMore ? html`<button class="plain" type="button" @click=${() => void cycles.more()}>Show older</button>` : nothing}
          </details>`}
    </div>`;
  }

  #now(status: SleepStatus): unknown {
    const { current_cycle: current } = status;
    const may = this.store.mesh.isOperator;
    if (current !== undefined) {
      return html`<p role="status">One runs, started ${current.cause}: ${current.step || "it begins"}. ${counts(current)}</p>
        ${may ? this.#button("Cancel it", () => this.store.sleep.cancelCycle(current.cycle_id), "The cycle is cancelled.") : nothing}`;
    }
    return html`<p>${status.next_cycle}</p>
      ${may ? this.#button("Run a cycle now", () => this.store.sleep.runCycle(), "A cycle runs.") : html`<p class="quiet">An operator can run one now.</p>`}`;
  }

  #button(name: string, work: () => Promise<void>, done: string): unknown {
    return html`<button type="button" ?disabled=${this.busy} @click=${() => void this.#doing(work, done)}>${name}</button>`;
  }

  async #doing(work: () => Promise<void>, done: string): Promise<void> {
    this.busy = true;
    this.refused = "";
    try {
      await work();
      this.store.layout.announce(done);
    } catch (error) {
      this.refused = refusalOf(error).message;
    } finally {
      this.busy = false;
    }
  }
}

function report(cycle: SleepCycle): unknown {
  return html`<li>
    <div class="pair">
      <span>${capital(enumWords(cycle.state, "SLEEP_CYCLE_STATE_"))}, started ${cycle.cause}</span>
      <span>${cycle.start_time === undefined ? "" : moment(cycle.start_time)}</span>
    </div>
    ${cycle.sentences.length === 0
      ? html`<p class="quiet">${counts(cycle)} Load ${cycle.load_before.toFixed(2)} → ${cycle.load_after.toFixed(2)}.</p>`
      : cycle.sentences.map((sentence) => html`<p class="quiet">${sentence}</p>`)}
  </li>`;
}

function counts(cycle: SleepCycle): string {
  const made = `${plural(cycle.fact_count, "fact")}, ${plural(cycle.hypothesis_count, "hypothesis", "hypotheses")}`;
  return `${plural(cycle.replayed_count, "memory", "memories")} replayed, ${made}, ${plural(cycle.swept_count, "memory", "memories")} swept.`;
}

customElements.define("soma-sleep-cycles", SleepCyclesPart);
