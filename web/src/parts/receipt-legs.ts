// The model calls of a turn: what each used and cost, how it ended, what was sent, and the prompt made again.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import type { Prompt } from "../state/receipts";
import { decoded, hexOf } from "../text/bytes";
import { count, decimal, money, words } from "../text/format";
import { indented } from "../text/json";
import type { ModelLeg, Receipt, RebuiltPrompt } from "../wire/governor";
import "./code";
import { Part } from "./part";

export class ReceiptLegsPart extends Part {
  static override properties = { receipt: { attribute: false } };
  declare receipt: Receipt;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0 var(--s2);
      }
      .foot button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      soma-code {
        max-width: 100%;
        margin-top: var(--s2);
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    return [this.store.receipts.prompt];
  }

  protected override render(): unknown {
    const { legs } = this.receipt;
    const { value: prompt } = this.store.receipts.prompt;
    return html`<section aria-labelledby="legs">
      <h2 id="legs">Model calls</h2>
      ${legs.length === 0
        ? html`<p class="quiet">${this.receipt.settle_time === undefined ? "The turn is not settled yet." : "No model was called."}</p>`
        : html`<ol class="rows">
            ${legs.map((leg, place) => this.#leg(leg, legs[place - 1], prompt?.leg === leg.leg ? prompt : undefined))}
          </ol>`}
    </section>`;
  }

  #leg(leg: ModelLeg, before: ModelLeg | undefined, prompt: Prompt | undefined): unknown {
    return html`<li>
      <div class="pair"><span>${leg.leg}. ${leg.model}</span><span>${money(leg.cost_micros)}</span></div>
      <p class="quiet">${seam(before)}${usage(leg)}ended with ${words(leg.finish_reason)}</p>
      ${parameters(leg)}
      <div class="foot">
        ${leg.request_sha256 ? html`<span class="quiet tiny" title=${hexOf(leg.request_sha256)}>sent as <code>${hexOf(leg.request_sha256).slice(0, 12)}…</code></span>` : html`<span></span>`}
        <button class="plain" type="button" aria-expanded=${prompt !== undefined} @click=${() => void this.store.receipts.rebuild(leg.leg)}>
          ${prompt === undefined ? "Show" : "Hide"} the prompt<span class="unseen"> of call ${leg.leg}</span>
        </button>
      </div>
      ${prompt === undefined ? nothing : shownPrompt(prompt)}
    </li>`;
  }
}

function usage({ usage: used }: ModelLeg): string {
  if (used === undefined) {
    return "";
  }
  const cached = used.cached_input_tokens > 0 ? ` (${count(used.cached_input_tokens)} from the provider's cache)` : "";
  return `${count(used.input_tokens)} in${cached}, ${count(used.output_tokens)} out${used.estimated ? ", counted here" : ""}; `;
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

function parameters({ parameters: told }: ModelLeg): unknown {
  const fields = Object.entries(told ?? {}).map(([name, value]) => `${words(name)} ${parameter(value)}`);
  return fields.length === 0 ? nothing : html`<p class="quiet excerpt">${fields.join(", ")}</p>`;
}

function parameter(value: unknown): string {
  if (typeof value === "number") {
    return decimal(value);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function shownPrompt({ rebuilt, problem }: Prompt): unknown {
  if (problem !== undefined) {
    return html`<p class="problem" role="alert">${problem.message}</p>`;
  }
  if (rebuilt === undefined) {
    return html`<p class="quiet" role="status">The prompt is being made again.</p>`;
  }
  return html`<p class=${rebuilt.exact ? "notice" : "notice warn"} role="status">${verdict(rebuilt)}</p>
    ${rebuilt.missing.map((sentence) => html`<p class="quiet">${sentence}</p>`)}
    ${rebuilt.body === "" ? nothing : html`<soma-code .text=${indented(decoded(rebuilt.body))} .language=${"json"}></soma-code>`}`;
}

function verdict({ exact, body }: RebuiltPrompt): string {
  if (exact) {
    return "Byte for byte what was sent, by the digest in the receipt; shown here with line breaks.";
  }
  return body === "" ? "What was sent cannot be made again." : "Not quite what was sent: something is missing or has changed since.";
}

customElements.define("soma-receipt-legs", ReceiptLegsPart);
