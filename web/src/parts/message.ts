// One message. An answer that is being written is rendered once a frame at most, and only its last block anew.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Entry, Problem } from "../state/entry";
import { clock, count, milliseconds, money } from "../text/format";
import { prose } from "../text/prose";
import { renderBlocks } from "../text/render";
import { copyText } from "./clipboard";
import { Part } from "./part";

const HIDDEN_PAUSE_MS = 250;

export class MessagePart extends Part {
  static override properties = { entry: { attribute: false }, copied: { state: true } };
  declare entry: Entry;
  declare copied: boolean;

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
      .asked {
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .notice,
      .problem {
        margin: var(--s2) 0;
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
      .foot {
        display: flex;
        align-items: center;
        gap: var(--s1);
        min-height: 28px;
        margin: var(--s1) 0 0 -8px;
      }
      .foot button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .foot .icon {
        width: 28px;
        padding: 0;
      }
      .foot .line {
        min-width: 0;
        text-align: left;
      }
      .foot .line svg {
        flex: none;
      }
    `,
  ];

  constructor() {
    super();
    this.copied = false;
  }

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
    return html`<article aria-label=${mine ? "You" : "Answer"} aria-busy=${entry.running}>
      <div class="who"><span>${mine ? "You" : "Soma"}</span><time>${clock(entry.time)}</time></div>
      ${mine ? html`<div class="asked">${entry.text}</div>` : this.#answer()}
    </article>`;
  }

  #answer(): unknown {
    const { entry } = this;
    const blocks = entry.running ? entry.blocks.of(entry.text) : entry.blocks.whole(entry.text);
    return html`
      ${entry.notices.map((it) => html`<p class=${it.level === "" ? "notice" : "notice warn"}>${it.level === "L0" || it.level === "" ? nothing : html`<strong>${it.level}</strong> `}${it.text}</p>`)}
      ${entry.reasoning === ""
        ? nothing
        : html`<details><summary>Reasoning</summary><p>${entry.reasoning}</p></details>`}
      ${entry.state === "waiting" ? html`<div class="waiting"></div>` : html`<div class="prose">${renderBlocks(blocks)}</div>`}
      ${entry.tools.map((tool) => html`<p class="notice">Asks for the tool <code>${tool.name}</code> with <code>${tool.args}</code></p>`)}
      ${entry.problem === undefined ? this.#cut() : this.#problem(entry.problem)}
      ${entry.running ? nothing : this.#foot()}
    `;
  }

  #cut(): unknown {
    const { state, text } = this.entry;
    if (state === "stopped") {
      return html`<p class="notice">${text === "" ? "Stopped before anything was written." : "Stopped. What was written is kept."}</p>`;
    }
    return state === "failed" ? html`<p class="notice">This answer was cut short; what was written is kept.</p>` : nothing;
  }

  #problem(problem: Problem): unknown {
    const { question } = this.entry;
    const wait = problem.retryAfter === undefined ? "" : ` You can try again in ${Math.ceil(problem.retryAfter)} s.`;
    return html`<div class="problem" role="alert">
      <p>${problem.message}${wait}</p>
      <div class="row">
        ${question === "" ? nothing : html`<button type="button" @click=${() => this.#ask(question)}>Try again</button>`}
        <span class="quiet tiny">${problem.code}${problem.errorId === "" ? "" : html` · id <code>${problem.errorId}</code>`}</span>
      </div>
    </div>`;
  }

  #foot(): unknown {
    const { entry } = this;
    const line = this.#line();
    return html`<div class="foot">
      ${entry.receiptId === ""
        ? nothing
        : html`<button
            class="plain line"
            type="button"
            title="Open the receipt"
            aria-label=${`Receipt: ${line}`}
            @click=${() => this.store.showReceipt(entry.receiptId)}
          >
            ${icon("receipt")} ${line}
          </button>`}
      ${entry.text === ""
        ? nothing
        : html`<button class="plain icon" type="button" aria-label=${this.copied ? "Copied" : "Copy the answer"} title="Copy" @click=${() => void this.#copy()}>
            ${icon(this.copied ? "done" : "copy")}
          </button>`}
    </div>`;
  }

  #line(): string {
    const { entry } = this;
    const tokens = (entry.usage?.input_tokens ?? 0) + (entry.usage?.output_tokens ?? 0);
    const first = entry.firstTokenMs > 0 ? `${milliseconds(entry.firstTokenMs)} to first token` : entry.model;
    return [entry.level, `${count(tokens)} tokens`, money(entry.costMicros), first].filter((part) => part !== "").join(" · ");
  }

  #ask(text: string): void {
    this.dispatchEvent(new CustomEvent("soma-ask", { detail: text, bubbles: true, composed: true }));
  }

  async #copy(): Promise<void> {
    this.copied = await copyText(this.entry.text);
    this.store.layout.announce(this.copied ? "Copied." : "The browser did not allow copying.");
    setTimeout(() => (this.copied = false), 2000);
  }
}

customElements.define("soma-message", MessagePart);
