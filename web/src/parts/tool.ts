// A call of a tool as a quiet row of the answer: its name, how it stands, how long it took; arguments and result folded.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { base, controls } from "../design/shared";
import type { Entry } from "../state/entry";
import type { ToolState, ToolUse } from "../state/tool-use";
import { milliseconds } from "../text/format";
import { indented } from "../text/json";
import { Part } from "./part";
import "./approval";

const STANDS: Readonly<Record<ToolState, string>> = {
  consent: "waits for you",
  running: "running",
  open: "not finished",
  client: "asked for",
  done: "done",
  failed: "failed",
  denied: "denied",
  unknown: "outcome unknown",
};
const MEANS: Partial<Record<ToolState, string>> = {
  open: "The turn ended before it did.",
  client: "The program that sent the message runs it.",
  denied: "It did not run.",
  unknown: "It was sent, and nobody knows whether it had its effect; it is not sent again.",
};

export class ToolPart extends Part {
  static override properties = { entry: { attribute: false }, use: { attribute: false } };
  declare entry: Entry;
  declare use: ToolUse;

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: block;
        border-bottom: 1px solid var(--hairline);
        font-size: var(--size-small);
      }
      summary {
        display: flex;
        align-items: center;
        gap: var(--s2);
        min-height: 32px;
        padding: 0 var(--s1);
        color: var(--ink-soft);
        cursor: pointer;
        list-style: none;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary::after {
        content: "";
        flex: none;
        width: 6px;
        height: 6px;
        margin: 0 4px 0 auto;
        border: solid currentColor;
        border-width: 0 1.4px 1.4px 0;
        rotate: 45deg;
        translate: 0 -2px;
      }
      details[open] > summary::after {
        rotate: 225deg;
        translate: 0 2px;
      }
      summary svg {
        flex: none;
      }
      .name {
        min-width: 0;
        color: var(--ink);
      }
      .state {
        flex: none;
      }
      .state.failed,
      .state.unknown,
      .state.denied {
        color: var(--bad);
      }
      .state.consent {
        color: var(--warn);
      }
      .body {
        display: grid;
        gap: var(--s2);
        padding: var(--s1) var(--s1) var(--s3) 28px;
      }
      .decided {
        padding: 0 var(--s1) var(--s2) 28px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        overflow-wrap: anywhere;
      }
      .label {
        margin-bottom: 2px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      pre {
        max-height: 320px;
        margin: 0;
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        font: var(--size-tiny) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow: auto;
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override render(): unknown {
    const { use } = this;
    const took = use.milliseconds > 0 ? milliseconds(use.milliseconds) : "";
    return html`<details>
        <summary>
          ${icon("tool")} <code class="name cut">${use.name}</code>
          <span class=${`state ${use.state}`}>${STANDS[use.state]}${took === "" ? "" : ` · ${took}`}</span>
        </summary>
        <div class="body">
          ${MEANS[use.state] === undefined ? nothing : html`<p class="quiet">${MEANS[use.state]}</p>`}
          <div>
            <p class="label">Arguments</p>
            <pre tabindex="0" role="group" aria-label="Arguments">${indented(use.args) || "none"}</pre>
          </div>
          ${use.content === ""
            ? nothing
            : html`<div>
                <p class="label">${use.state === "done" ? "Result" : "What came back"}</p>
                <pre tabindex="0" role="group" aria-label="Result">${indented(use.content)}${use.truncated ? " …" : ""}</pre>
                ${use.truncated ? html`<p class="quiet tiny">The model read more than is shown here.</p>` : nothing}
              </div>`}
        </div>
      </details>
      ${this.#decided()}
      ${use.state === "consent" && this.entry.running
        ? html`<soma-approval .store=${this.store} .entry=${this.entry} .use=${use}></soma-approval>`
        : nothing}`;
  }

  #decided(): unknown {
    const { consent } = this.use;
    if (consent === undefined || consent.decision === "") {
      return nothing;
    }
    const { decidedBy, decision, note } = consent;
    const by = decidedBy === this.store.mesh.userId ? "you" : decidedBy;
    const how = decision === "approve" ? "Approved" : "Denied";
    const told = decidedBy === "policy" ? "Nobody decided in time, so it was denied." : `${how}${by === "" ? "" : ` by ${by}`}.`;
    return html`<p class="decided">${told}${note === "" ? "" : ` “${note}”`}</p>`;
  }
}

customElements.define("soma-tool", ToolPart);
