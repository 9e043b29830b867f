// One message. An answer that is being written is rendered once a frame at most, and only its last block anew.

import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Entry, Notice, Problem, Seam } from "../state/entry";
import type { Tab } from "../state/layout";
import type { ToolUse } from "../state/tool-use";
import { clock, lasting } from "../text/format";
import { Pieces, type Piece } from "../text/pieces";
import { prose } from "../text/prose";
import { renderBlocks } from "../text/render";
import { refusalOf } from "../wire/refusal";
import { Part } from "./part";
import "./answer-foot";
import "./question";
import "./tool";

const HIDDEN_PAUSE_MS = 250;
/** Where it stands why a turn was refused. */
const DOORS: Readonly<Record<string, { tab: Tab; name: string }>> = {
  BUDGET_EXHAUSTED: { tab: "budget", name: "Open the budgets" },
  RATE_LIMITED: { tab: "budget", name: "Open the limits" },
  LEVEL_TOO_LOW: { tab: "level", name: "Open the level" },
  AGENT_FROZEN: { tab: "mind", name: "Open the mind" },
};

export class MessagePart extends Part {
  static override properties = { entry: { attribute: false } };
  declare entry: Entry;
  readonly pieces = new Pieces<ToolUse, Seam>();

  static override styles = [
    base,
    controls,
    notices,
    prose,
    css`
      :host {
        display: block;
        padding-bottom: var(--s5);
      }
      .who {
        display: flex;
        align-items: baseline;
        gap: var(--s2);
        margin-bottom: var(--s1);
        font-size: var(--size-small);
        font-weight: 600;
      }
      .who time {
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 400;
      }
      .notice,
      .problem {
        margin: var(--s2) 0;
      }
      .notice.row {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
      }
      details {
        margin: var(--s2) 0;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      summary {
        width: fit-content;
        cursor: pointer;
      }
      details p {
        padding: var(--s2) 0 0 var(--s3);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .waiting {
        width: 30%;
        height: 14px;
        margin: 5px 0;
        border-radius: 4px;
        background: var(--pressed);
      }
      .seam {
        display: flex;
        align-items: center;
        gap: var(--s3);
        margin: var(--s3) 0;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .seam::before,
      .seam::after {
        content: "";
        flex: 1;
        border-top: 1px solid var(--hairline);
      }
      .tools {
        margin: var(--s3) 0;
        border-top: 1px solid var(--hairline);
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    return [this.entry.changed];
  }

  /** Text that comes faster than the screen is drawn is rendered once a frame. */
  protected override async scheduleUpdate(): Promise<void> {
    if (this.hasUpdated && this.entry.running) {
      await new Promise<void>((resolve) => {
        if (document.hidden) {
          setTimeout(resolve, HIDDEN_PAUSE_MS);
        } else {
          requestAnimationFrame(() => resolve());
        }
      });
    }
    super.scheduleUpdate();
  }

  protected override render(): unknown {
    const { entry } = this;
    const mine = entry.role === "user";
    return html`<article aria-label=${mine ? "You" : "Answer"} aria-busy=${entry.running && entry.asking === undefined}>
      <div class="who"><span>${mine ? "You" : "Soma"}</span><time>${clock(entry.time)}</time></div>
      ${mine ? html`<soma-question .store=${this.store} .entry=${entry}></soma-question>` : this.#answer()}
    </article>`;
  }

  #answer(): unknown {
    const { entry } = this;
    return html`
      ${entry.notices.map(notice)}
      ${entry.reasoning === ""
        ? nothing
        : html`<details><summary>Reasoning</summary><p>${entry.reasoning}</p></details>`}
      ${this.pieces.of(entry.text, entry.tools, entry.seams, !entry.running).map((piece) => this.#piece(piece))}
      ${entry.state === "waiting" && entry.asking === undefined ? html`<div class="waiting"></div>` : nothing}
      ${entry.problem === undefined ? this.#cut() : this.#problem(entry.problem)}
      ${entry.resting && entry.state === "done"
        ? html`<div class="notice row">
            <button class="main" type="button" @click=${() => this.store.turns.regenerate(entry, true)}>Wake and answer</button>
            <button type="button" @click=${() => this.store.layout.openDrawer("mind")}>Open the mind</button>
          </div>`
        : nothing}
      ${entry.running ? nothing : html`<soma-answer-foot .store=${this.store} .entry=${entry}></soma-answer-foot>`}
    `;
  }

  #piece(piece: Piece<ToolUse, Seam>): unknown {
    switch (piece.kind) {
      case "text":
        return html`<div class="prose">${renderBlocks(piece.blocks)}</div>`;
      case "seam":
        return html`<p class="seam" role="note" title=${piece.seam.detail}>${piece.seam.sentence}</p>`;
      case "tools":
        return html`<ul class="tools" aria-label="Tools">
          ${repeat(
            piece.tools,
            (use) => use.callId,
            (use) => html`<li><soma-tool .store=${this.store} .entry=${this.entry} .use=${use}></soma-tool></li>`,
          )}
        </ul>`;
    }
  }

  #cut(): unknown {
    const { state, text } = this.entry;
    if (state === "stopped") {
      return html`<p class="notice">${text === "" ? "Stopped before anything was written." : "Stopped. What was written is kept."}</p>`;
    }
    return state === "failed" ? html`<p class="notice">This answer was cut short; what was written is kept.</p>` : nothing;
  }

  /** Wakes the frozen agent, and says the same to it once more. */
  async #wake(): Promise<void> {
    try {
      await this.store.sleep.wake(this.store.thread.agentId);
      this.entry.retry?.();
    } catch (error) {
      this.store.layout.tell(refusalOf(error));
    }
  }

  #problem(problem: Problem): unknown {
    const { retry } = this.entry;
    const wait = problem.retryAfter === undefined ? "" : ` You can try again in ${lasting(problem.retryAfter)}.`;
    const door = DOORS[problem.code];
    return html`<div class="problem" role="alert">
      <p>${problem.message}${wait}</p>
      <div class="row">
        ${problem.code === "AGENT_FROZEN" && this.store.mesh.isOperator
          ? html`<button class="main" type="button" @click=${() => void this.#wake()}>Wake it and send again</button>`
          : nothing}
        ${retry === undefined ? nothing : html`<button type="button" @click=${retry}>Try again</button>`}
        ${door === undefined ? nothing : html`<button type="button" @click=${() => this.store.layout.openDrawer(door.tab)}>${door.name}</button>`}
        <span class="quiet tiny">${problem.code}${problem.errorId === "" ? "" : html` · id <code>${problem.errorId}</code>`}</span>
      </div>
    </div>`;
  }
}

function notice(told: Notice): unknown {
  const level = told.level === "" || told.level === "L0" ? nothing : html`<strong>${told.level}</strong> `;
  return html`<p class=${level === nothing ? "notice" : "notice warn"}>${level}${told.text}</p>`;
}

customElements.define("soma-message", MessagePart);
