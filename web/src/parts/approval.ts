// A tool that waits for consent: what it would do with which arguments, why it is asked, and the decision.

import { css, html, nothing } from "lit";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Entry } from "../state/entry";
import type { ToolUse } from "../state/tool-use";
import { moment } from "../text/format";
import { fieldsOf } from "../text/json";
import type { Decision } from "../wire/frames";
import { refusalOf } from "../wire/refusal";
import { Part } from "./part";

const MOST_WORDS = 1000;
const ELSEWHERE: readonly string[] = ["CALL_RESOLVED", "RESOURCE_NOT_FOUND"];

export class ApprovalPart extends Part {
  static override properties = {
    entry: { attribute: false },
    use: { attribute: false },
    sent: { state: true },
    problem: { state: true },
  };
  declare entry: Entry;
  declare use: ToolUse;
  declare sent: Decision | "elsewhere" | "";
  declare problem: string;

  static override styles = [
    base,
    controls,
    css`
      section {
        margin: 0 0 var(--s3);
        padding: var(--s3) var(--s4);
        border: 1px solid var(--warn);
        border-radius: var(--corner);
        background: var(--raised);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      p {
        margin-top: var(--s1);
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, auto) minmax(0, 1fr);
        gap: var(--s1) var(--s4);
      }
      .given {
        max-height: 280px;
        margin-top: var(--s3);
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        overflow-y: auto;
      }
      dt {
        max-width: 20ch;
        color: var(--ink-soft);
        overflow-wrap: anywhere;
      }
      dd,
      pre {
        margin: 0;
        font: var(--size-small) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      pre {
        margin-top: var(--s3);
      }
      form {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
        margin-top: var(--s3);
      }
      input {
        flex: 1 1 180px;
        min-width: 0;
      }
      @media (max-width: 560px) {
        input {
          flex-basis: 100%;
        }
      }
      .bad {
        color: var(--bad);
      }
    `,
  ];

  constructor() {
    super();
    this.sent = "";
    this.problem = "";
  }

  protected override watched(): readonly Watchable[] {
    return [this.store.layout.approvalSought];
  }

  protected override render(): unknown {
    const { use } = this;
    return html`<section aria-labelledby="ask" aria-describedby="why" tabindex="-1">
      <h2 id="ask">May <code>${use.name}</code> run?</h2>
      <p id="why" class="quiet">${use.consent?.sentence}${this.#until()}</p>
      ${this.#arguments()} ${this.sent === "" ? this.#form() : html`<p role="status">${SENT[this.sent]}</p>`}
      ${this.problem === "" ? nothing : html`<p class="bad" role="alert">${this.problem}</p>`}
    </section>`;
  }

  /** Whoever wants to see what waits is led here. */
  protected override updated(): void {
    if (this.store.layout.takeApprovalWish()) {
      const card = this.renderRoot.querySelector("section");
      card?.scrollIntoView({ block: "center" });
      card?.focus();
    }
  }

  #until(): string {
    const time = this.use.consent?.expireTime ?? "";
    return time === "" ? "" : ` Without a decision it is denied on ${moment(time)}.`;
  }

  #arguments(): unknown {
    const fields = fieldsOf(this.use.args);
    if (fields === undefined) {
      return html`<pre tabindex="0" role="group" aria-label="Arguments">${this.use.args}</pre>`;
    }
    return fields.length === 0
      ? html`<p class="quiet">It takes no arguments.</p>`
      : html`<div class="given" tabindex="0" role="group" aria-label="Arguments">
          <dl>${fields.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
        </div>`;
  }

  #form(): unknown {
    return html`<form @submit=${(event: Event) => event.preventDefault()}>
      <input type="text" aria-label="A word to the model" placeholder="A word to the model (if you like)" maxlength=${MOST_WORDS} autocomplete="off" />
      <button class="main" type="button" @click=${() => void this.#decide("approve")}>Approve</button>
      <button class="danger" type="button" @click=${() => void this.#decide("deny")}>Deny</button>
    </form>`;
  }

  async #decide(decision: Decision): Promise<void> {
    const { use, entry } = this;
    const note = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    this.problem = "";
    this.sent = decision;
    try {
      await this.store.approvals.decide(entry.turnId, use.callId, use.consent?.hash ?? "", decision, note);
      this.store.layout.announce(decision === "approve" ? "Approved. The answer goes on." : "Denied. The answer goes on without it.");
    } catch (error) {
      const refusal = refusalOf(error);
      this.sent = ELSEWHERE.includes(refusal.code) ? "elsewhere" : "";
      this.problem = this.sent === "" ? refusal.message : "";
    }
    this.dispatchEvent(new CustomEvent("soma-done", { bubbles: true, composed: true }));
  }
}

const SENT = {
  approve: "Approved. It runs now.",
  deny: "Denied. The model is told.",
  elsewhere: "It was decided elsewhere; the answer goes on by that decision.",
} as const;

customElements.define("soma-approval", ApprovalPart);
