// In what a receipt differs from another one, a sentence each, in the order of a receipt.

import { html } from "lit";
import type { Compared } from "../state/receipts";
import { capital, plural, words } from "../text/format";
import type { ReceiptDifference } from "../wire/governor";

export function compared(told: Compared): unknown {
  return html`<section aria-labelledby="compared">
    <h2 id="compared">Compared <span>${told.differences === undefined ? "" : plural(told.differences.length, "difference")}</span></h2>
    ${body(told)}
  </section>`;
}

function body({ differences, problem }: Compared): unknown {
  if (problem !== undefined) {
    return html`<p class="problem" role="alert">${problem.message}</p>`;
  }
  if (differences === undefined) {
    return html`<p class="quiet" role="status">The two are being compared.</p>`;
  }
  if (differences.length === 0) {
    return html`<p class="quiet" role="status">They do not differ in anything but ids and moments.</p>`;
  }
  return html`<ul class="rows">
    ${differences.map((each) => difference(each))}
  </ul>`;
}

function difference({ part, sentence, before, after, name }: ReceiptDifference): unknown {
  const said = sentence === "" ? `${capital(words(name))}: ${before || "none"}, then ${after || "none"}.` : sentence;
  return html`<li><span class="quiet tiny">${capital(words(part))}</span><p>${said}</p></li>`;
}
