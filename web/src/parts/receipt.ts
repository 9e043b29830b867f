// The receipt of a turn: what it was allowed, what it used, and why.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import type { Watchable } from "../state/cell";
import { count, enumWords, levelName, milliseconds, money, moment, words } from "../text/format";
import type { ModelLeg, Receipt, Usage } from "../wire/types";
import { Part } from "./part";
import { items } from "./receipt-items";
import { lanes, laneStyles } from "./receipt-lanes";
import { timeStyles, waterfall } from "./receipt-time";

export class ReceiptPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    panel,
    laneStyles,
    timeStyles,
    css`
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
    return [receipts.shown, receipts.problem, receipts.wanted, thread.entries];
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
        : nothing;
    }
    return this.#receipt(shown.value);
  }

  #receipt(receipt: Receipt): unknown {
    const reasons = receipt.level_reasons ?? [];
    return html`
      ${figures(receipt)}
      ${reasons.map(
        (reason) => html`<p class="notice warn"><strong>${levelName(reason.level)}</strong> ${reason.sentence} <span class="quiet">(${reason.source})</span></p>`,
      )}
      ${receipt.features_off.length > 0 ? html`<p class="notice">Switched off: ${receipt.features_off.join(", ")}.</p>` : nothing}
      ${lanes(receipt)}
      ${waterfall(receipt.phases ?? [])} ${items(receipt, this.store)} ${effects(receipt)} ${legs(receipt.legs ?? [])}
      ${quality(receipt)} ${facts(receipt)}
    `;
  }
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

function legs(calls: readonly ModelLeg[]): unknown {
  if (calls.length === 0) {
    return nothing;
  }
  return html`<section aria-labelledby="legs">
    <h2 id="legs">Model calls</h2>
    <ol class="rows">
      ${calls.map(
        (leg, place) => html`<li>
          <div class="pair"><span>${leg.leg}. ${leg.model}</span><span>${money(leg.cost_micros)}</span></div>
          <p class="quiet">
            ${seam(calls[place - 1])}${leg.usage === undefined ? "" : `${count(leg.usage.input_tokens)} in, ${count(leg.usage.output_tokens)} out${leg.usage.estimated ? ", counted here" : ""}; `}ended
            with ${words(leg.finish_reason)}
          </p>
        </li>`,
      )}
    </ol>
  </section>`;
}

/** What the call before leaves to this one. */
function seam(before: ModelLeg | undefined): string {
  if (before?.finish_reason === "tool_calls") {
    return "After the tools: ";
  }
  if (before?.finish_reason !== "error") {
    return "";
  }
  return (before.usage?.output_tokens ?? 0) > 0 ? `Went on where ${before.model} broke off: ` : `In the place of ${before.model}: `;
}

function quality(receipt: Receipt): unknown {
  const { aiq_predicted: predicted, aiq_observed: observed } = receipt;
  if (predicted === undefined && observed === undefined) {
    return nothing;
  }
  const round = (value: number | undefined): string => (value === undefined ? "none" : value.toFixed(0));
  return html`<section aria-labelledby="aiq">
    <h2 id="aiq">Intelligence quotient of the turn <span>of 100</span></h2>
    <ul class="rows">
      ${predicted === undefined
        ? nothing
        : html`<li>
            <div class="pair"><span>Predicted</span><span>${round(predicted.value)}</span></div>
            <p class="quiet">
              context ${round(predicted.context_quality)}, tools ${round(predicted.tool_relevance)}, budget ${round(predicted.budget_efficiency)}
            </p>
          </li>`}
      ${observed === undefined
        ? nothing
        : html`<li>
            <div class="pair"><span>Observed</span><span>${round(observed.value)}</span></div>
            <p class="quiet">
              response ${round(observed.response_quality)}, tools ${round(observed.tool_success)}, tokens ${round(observed.token_efficiency)}
            </p>
          </li>`}
    </ul>
  </section>`;
}

function facts(receipt: Receipt): unknown {
  const { usage, outcome } = receipt;
  const rows: readonly (readonly [string, unknown])[] = [
    ["Model", receipt.model],
    ["Input", usage === undefined ? "–" : `${count(usage.input_tokens)} tokens`],
    ["Output", usage === undefined ? "–" : `${count(usage.output_tokens)} tokens`],
    ["Ended with", outcome === undefined ? "not settled yet" : words(outcome.error_reason || outcome.finish_reason)],
    ["Plan", `${enumWords(receipt.path, "PLAN_PATH_")}, rules ${receipt.plan_version}`],
    ["Planned", receipt.plan_time === undefined ? "–" : moment(receipt.plan_time)],
    ["Receipt", html`<code>${receipt.receipt_id}</code>`],
    ["Turn", html`<code>${receipt.turn_id}</code>`],
  ];
  return html`<section>
    <h2>Facts</h2>
    <dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
  </section>`;
}

customElements.define("soma-receipt", ReceiptPart);
