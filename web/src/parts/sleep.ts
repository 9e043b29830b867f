// How the agent sleeps: the state and what it scales, the ways from it, the load, the cycles.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { SleepWord } from "../state/sleep";
import { capital, clock, enumWords, lasting, moment } from "../text/format";
import type { CognitiveLoad, SleepSchedule, SleepStatus } from "../wire/mind";
import { refusalOf } from "../wire/refusal";
import { confirmed } from "./confirm";
import { NAMES, scale, scaleStyles } from "./gauge";
import { Part } from "./part";
import "./sleep-cycles";

const TITLES: Readonly<Record<string, string>> = { active: "Active", light: "Light sleep", deep: "Deep sleep", freeze: "Frozen" };
const MEANINGS: Readonly<Record<string, string>> = {
  active: "It answers, learns and remembers.",
  light: "It answers, and learns at half the rate.",
  deep: "It answers that it rests, unless it is woken.",
  freeze: "It refuses messages until it is woken.",
};
const WAYS: Readonly<Record<string, readonly (readonly [SleepWord, string])[]>> = {
  active: [
    ["light", "Rest lightly"],
    ["freeze", "Freeze"],
  ],
  light: [
    ["active", "Wake"],
    ["deep", "Sleep deeply"],
    ["freeze", "Freeze"],
  ],
  deep: [
    ["active", "Wake"],
    ["light", "Rest lightly"],
    ["freeze", "Freeze"],
  ],
  freeze: [
    ["active", "Wake"],
    ["light", "Rest lightly"],
  ],
};
const TIMES: readonly (readonly [number, string])[] = [
  [0, "until it is changed"],
  [600, "for 10 minutes"],
  [3600, "for an hour"],
];

export class SleepPart extends Part {
  static override properties = { refused: { state: true }, busy: { state: true } };
  declare refused: string;
  declare busy: boolean;
  #seconds = 0;

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
      .now {
        margin-bottom: var(--s1);
      }
      .now strong {
        margin-right: var(--s2);
        font-size: var(--size);
      }
      .effects {
        margin-top: var(--s1);
      }
      .effects li {
        margin-top: 2px;
        line-height: 1.4;
      }
      .ways {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s2);
        margin: var(--s2) 0;
      }
      .ways select {
        flex: 1 1 130px;
        min-width: 0;
      }
      .load {
        margin-top: var(--s4);
      }
      .load dl {
        margin-top: var(--s1);
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
    const { sleep, mind, mesh } = this.store;
    return [sleep.status, sleep.problem, mind.state, mesh.roles];
  }

  protected override render(): unknown {
    const { status, problem } = this.store.sleep;
    const trouble = this.refused || problem.value?.message;
    return html`<section aria-labelledby="sleep">
      <h2 id="sleep">Sleep</h2>
      ${trouble ? html`<p class="problem" role="alert">${trouble}</p>` : nothing}
      ${status.value === undefined ? nothing : this.#status(status.value)}
    </section>`;
  }

  #status(status: SleepStatus): unknown {
    const word = wordOf(status.state);
    return html`
      <p class="now">
        <strong>${titleOf(word)}</strong>${MEANINGS[word] ?? ""}
        <span class="quiet">${times(status)}</span>
      </p>
      ${word === "active" || status.schedule === undefined ? nothing : scaled(status.schedule)} ${this.#effects()} ${this.#ways(word)}
      ${status.load === undefined ? nothing : load(status.load)}
      <soma-sleep-cycles .store=${this.store}></soma-sleep-cycles>
    `;
  }

  /** What of the next turn comes from sleep and not from a value. */
  #effects(): unknown {
    const effects = this.store.mind.state.value?.effects ?? [];
    const own = effects.filter(({ sentence }) => sentence !== "" && !NAMES.some((name) => sentence.toLowerCase().includes(name)));
    return own.length === 0 ? nothing : html`<ul class="effects">${own.map(({ sentence }) => html`<li>${sentence}</li>`)}</ul>`;
  }

  #ways(word: string): unknown {
    if (!this.store.mesh.isOperator) {
      return html`<p class="quiet">Only an operator can put this agent to sleep or wake it, because that is felt by everybody who talks to it.</p>`;
    }
    return html`<div class="ways" role="group" aria-label="Change the sleep">
      ${(WAYS[word] ?? []).map(
        ([target, name]) => html`<button type="button" ?disabled=${this.busy} @click=${() => void this.#move(target)}>${name}</button>`,
      )}
      <select
        aria-label="How long it sleeps"
        @change=${(event: Event) => {
          this.#seconds = Number((event.target as HTMLSelectElement).value);
        }}
      >
        ${TIMES.map(([seconds, name]) => html`<option value=${seconds} ?selected=${seconds === this.#seconds}>${name}</option>`)}
      </select>
    </div>`;
  }

  async #move(target: SleepWord): Promise<void> {
    const question = {
      title: "Freeze this agent?",
      text: "It refuses every message of everybody until it is woken, or the time is over. A turn that is open comes to its end.",
      act: "Freeze it",
      refrain: "Leave it",
    };
    if (target === "freeze" && !(await confirmed(question))) {
      return;
    }
    await this.#doing(() => this.store.sleep.move(target, target === "active" ? 0 : this.#seconds), `The agent is now: ${titleOf(target)}.`);
  }

  async #doing(work: () => Promise<void>, done: string): Promise<void> {
    this.busy = true;
    this.refused = "";
    try {
      await work();
      this.store.layout.announce(done);
      await this.store.loadMind();
    } catch (error) {
      this.refused = refusalOf(error).message;
    } finally {
      this.busy = false;
    }
  }
}

function wordOf(state: string): string {
  return enumWords(state, "SLEEP_STATE_");
}

function titleOf(word: string): string {
  return TITLES[word] ?? capital(word);
}

function times({ since_time: since, until_time: until, returns_to: after }: SleepStatus): string {
  const begun = since === undefined ? "" : `Since ${moment(since)}.`;
  if (until === undefined) {
    return begun;
  }
  const left = Math.max(0, (new Date(until).getTime() - Date.now()) / 1000);
  return `${begun} ${titleOf(wordOf(after))} again at ${clock(new Date(until))}, in ${lasting(left)}.`;
}

function scaled(schedule: SleepSchedule): unknown {
  const rows: readonly (readonly [string, number])[] = [
    ["Memories recalled", schedule.recall_width],
    ["Time of recall", schedule.time_budget],
    ["Temperature", schedule.temperature],
    ["Learning", schedule.learning_rate],
    ["Forgetting", schedule.forgetting],
  ];
  return html`<details>
    <summary>What it scales</summary>
    <dl>
      ${rows.map(([name, factor]) => html`<dt>${name}</dt><dd>× ${factor.toFixed(2)}</dd>`)}
      <dt>Bar for new memories</dt>
      <dd>+ ${schedule.store_barrier.toFixed(2)}</dd>
    </dl>
  </details>`;
}

function load(of: CognitiveLoad): unknown {
  const parts: readonly (readonly [string, number, number])[] = [
    ["Open turns", 0.4, of.open_turns],
    ["Context", 0.3, of.context_fill],
    ["Errors", 0.2, of.error_rate],
    ["Unconsolidated memories", 0.1, of.unconsolidated],
  ];
  const words = `Load ${of.load.toFixed(2)}; a cycle begins above ${of.threshold.toFixed(2)}`;
  return html`<div class="load">
    <div class="pair">
      <h3>Load</h3>
      <strong>${of.load.toFixed(2)}</strong>
    </div>
    ${scale(of.load, of.threshold, [0, 1], words, 0)}
    <p class="quiet">
      A cycle begins by itself when it stays above ${of.threshold.toFixed(2)}.
      ${of.relief > 0 ? `The last cycle still takes ${of.relief.toFixed(2)} off.` : ""}
    </p>
    <details>
      <summary>What it is made of</summary>
      <dl>${parts.map(([name, weight, value]) => html`<dt>${name}</dt><dd>${weight} × ${value.toFixed(2)}</dd>`)}</dl>
    </details>
  </div>`;
}

customElements.define("soma-sleep", SleepPart);
