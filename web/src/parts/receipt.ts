// The receipt of a turn: what it was allowed, what it used, and why.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import type { Watchable } from "../state/cell";
import { count, enumWords, levelName, milliseconds, money, moment, plural, words } from "../text/format";
import type { Receipt } from "../wire/governor";
import type { Usage } from "../wire/types";
import { dependencies } from "./dependencies";
import { Part } from "./part";
import { compared } from "./receipt-compared";
import "./receipt-items";
import "./receipt-lanes";
import "./receipt-legs";
import { quality, qualityStyles } from "./receipt-quality";
import { timeStyles, waterfall } from "./receipt-time";
import "./receipt-walk";

export class ReceiptPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    panel,
    qualityStyles,
    timeStyles,
    css`
      soma-receipt-lanes,
      soma-receipt-items,
      soma-receipt-legs {
        margin-top: var(--s5);
      }
      .figures {
        display: grid;
        grid-template-columns: auto auto auto auto;
        gap: 0;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
      }
      .figures div {
        padding: var(--s2) var(--s1);
        text-align: center;
      }
      .figures div + div {
        border-left: 1px solid var(--hairline);
      }
      .figures dt {
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      .figures dd {
        font-size: 14px;
        font-weight: 600;
        text-align: center;
        white-space: nowrap;
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    const { receipts, thread } = this.store;
    return [receipts.shown, receipts.problem, receipts.wanted, receipts.compared, thread.entries];
  }

  /** As long as nobody chose one, it is the receipt of the last answer. */
  protected override willUpdate(): void {
    const { receipts, thread } = this.store;
    const last = thread.entries.value.findLast((entry) => entry.receiptId !== "" && !entry.running);
    if (receipts.wanted.value === "" && last !== undefined) {
      void receipts.show(last.receiptId);
    }
  }

  protected override render(): unknown {
    const { shown, problem, wanted } = this.store.receipts;
    if (problem.value !== undefined) {
      return html`<p class="problem" role="alert">${problem.value.message}</p>`;
    }
    if (shown.value === undefined) {
      return wanted.value === ""
        ? html`<p class="quiet">The line under an answer opens its receipt: what the turn was allowed, what it used, and why.</p>`
        : html`<p class="quiet" role="status">The receipt is being read.</p>`;
    }
    return this.#receipt(shown.value);
  }

  #receipt(receipt: Receipt): unknown {
    const { value: told } = this.store.receipts.compared;
    return html`
      <soma-receipt-walk .store=${this.store}></soma-receipt-walk>
      ${figures(receipt)} ${level(receipt)}
      ${told === undefined ? nothing : compared(told)}
      <soma-receipt-lanes .store=${this.store} .receipt=${receipt}></soma-receipt-lanes>
      ${waterfall(receipt.phases ?? [])}
      <soma-receipt-items .store=${this.store} .receipt=${receipt}></soma-receipt-items>
      ${effects(receipt)}
      <soma-receipt-legs .store=${this.store} .receipt=${receipt}></soma-receipt-legs>
      ${quality(receipt)} ${dependencies(receipt.dependencies)} ${this.#facts(receipt)}
    `;
  }

  #facts(receipt: Receipt): unknown {
    const { usage, outcome } = receipt;
    const version = html`<button class="link" type="button" @click=${() => this.store.layout.openDrawer("level")}>version ${receipt.plan_version}</button>`;
    const rows: readonly (readonly [string, unknown])[] = [
      ["Model", receipt.model],
      ["Input", usage === undefined ? "–" : plural(usage.input_tokens, "token")],
      ["Output", usage === undefined ? "–" : plural(usage.output_tokens, "token")],
      ["Ended with", outcome === undefined ? "not settled yet" : words(outcome.error_reason || outcome.finish_reason)],
      ["Rated", receipt.feedback === undefined ? "by nobody" : receipt.feedback ? "good" : "bad"],
      ["Switched off", receipt.features_off.length === 0 ? "nothing" : receipt.features_off.map((name) => words(name)).join(", ")],
      ["Plan", enumWords(receipt.path, "PLAN_PATH_")],
      ["Configuration", version],
      ["Planned", receipt.plan_time === undefined ? "–" : moment(receipt.plan_time)],
      ["Settled", receipt.settle_time === undefined ? "not yet" : moment(receipt.settle_time)],
      ...receipt.policy_decisions.map((id) => ["Policy decision", html`<code>${id}</code>`] as const),
      ["Receipt", html`<code>${receipt.receipt_id}</code>`],
      ["Turn", html`<code>${receipt.turn_id}</code>`],
    ];
    return html`<section aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    </section>`;
  }
}

/** The level with every reason that was given for it. */
function level(receipt: Receipt): unknown {
  const { level_reasons: reasons } = receipt;
  if (reasons.length === 0) {
    return html`<p class="notice">Level ${levelName(receipt.level)}: nothing demanded less.</p>`;
  }
  return reasons.map(
    (reason) => html`<p class=${levelName(reason.level) === "L0" ? "notice" : "notice warn"}>
      <strong>${levelName(reason.level)}</strong> ${reason.sentence} <span class="quiet">(${reason.source})</span>
    </p>`,
  );
}

function figures(receipt: Receipt): unknown {
  const first = receipt.phases.find((phase) => phase.phase === "first_token");
  const until = first === undefined ? "–" : milliseconds(first.start_milliseconds + first.duration_milliseconds);
  const shown: readonly (readonly [string, string])[] = [
    ["Level", levelName(receipt.level)],
    ["Tokens", receipt.usage === undefined ? "–" : count(total(receipt.usage))],
    ["Cost", receipt.settle_time === undefined ? "–" : money(receipt.cost_micros)],
    ["First token", until],
  ];
  return html`<dl class="figures">
    ${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

function total(usage: Usage): number {
  return usage.input_tokens + usage.output_tokens;
}

function effects(receipt: Receipt): unknown {
  const { modulation } = receipt;
  if (modulation === undefined) {
    return nothing;
  }
  const moved = modulation.effects.filter((effect) => !effect.switched_off && effect.before !== effect.after);
  const none = modulation.neutral ? "The state was not asked: the usual settings were used." : "Its state changed nothing.";
  return html`<section aria-labelledby="state">
    <h2 id="state">What its state changed</h2>
    ${moved.length === 0
      ? html`<p class="quiet">${none}</p>`
      : html`<ul class="rows">
          ${moved.map((effect) => html`<li>${effect.sentence}</li>`)}
        </ul>`}
  </section>`;
}

customElements.define("soma-receipt", ReceiptPart);
