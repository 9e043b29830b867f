// AIQ as predicted and as observed: each component with its weight and what it gives, and what was left out.

import { css, html, nothing } from "lit";
import type { AiqObservation, AiqPrediction, Receipt } from "../wire/governor";

interface Component {
  readonly name: string;
  readonly value: number | undefined;
  readonly weight: number;
}

const WEIGHTS = [0.4, 0.3, 0.3] as const;
const OBSERVED_WEIGHTS = { response: 0.5, tools: 0.2, tokens: 0.3 };
const FLOOR = 0.2;

export const qualityStyles = css`
  table {
    width: 100%;
    margin-bottom: var(--s3);
    border-collapse: collapse;
  }
  th,
  td {
    padding: var(--s1) 0;
    border-top: 1px solid var(--hairline);
    font-weight: 400;
    text-align: right;
  }
  th:first-child {
    text-align: left;
  }
  caption {
    padding-bottom: var(--s1);
    text-align: left;
  }
  caption strong {
    float: right;
  }
  table + p {
    margin: calc(-1 * var(--s2)) 0 var(--s3);
  }
  thead th {
    border: 0;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
`;

export function quality(receipt: Receipt): unknown {
  const { aiq_predicted: predicted, aiq_observed: observed } = receipt;
  if (predicted === undefined && observed === undefined) {
    return nothing;
  }
  return html`<section aria-labelledby="aiq">
    <h2 id="aiq">Intelligence quotient of the turn <span>of 100</span></h2>
    ${predicted === undefined ? nothing : table("Predicted", predicted.value, predictedParts(predicted, receipt))}
    ${predicted === undefined || predicted.tool_relevance !== undefined ? nothing : html`<p class="quiet">${toolsLeftOut(receipt)}</p>`}
    ${observed === undefined ? html`<p class="quiet">It is observed when the turn is settled.</p>` : table("Observed", observed.value, observedParts(observed))}
    ${observed === undefined || receipt.outcome?.confidence !== undefined
      ? nothing
      : html`<p class="quiet">The provider told no confidence, so it moves nothing.</p>`}
  </section>`;
}

function table(name: string, value: number, parts: readonly Component[]): unknown {
  const applying = parts.filter((part) => part.value !== undefined);
  const weights = applying.reduce((sum, part) => sum + part.weight, 0) || 1;
  return html`<table>
    <caption>${name} <strong>${value.toFixed(0)}</strong></caption>
    <thead>
      <tr><th scope="col">component</th><th scope="col">value</th><th scope="col">weight</th><th scope="col">gives</th></tr>
    </thead>
    <tbody>
      ${parts.map((part) => row(part, weights))}
    </tbody>
  </table>`;
}

function row({ name, value, weight }: Component, weights: number): unknown {
  if (value === undefined) {
    return html`<tr><th scope="row">${name}</th><td>left out</td><td>–</td><td>–</td></tr>`;
  }
  const share = weight / weights;
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${value.toFixed(0)}</td>
    <td>${share.toFixed(2)}</td>
    <td>${(share * value).toFixed(1)}</td>
  </tr>`;
}

function predictedParts(predicted: AiqPrediction, receipt: Receipt): Component[] {
  const [context, tools, budget] = receipt.snapshot?.rules?.weights ?? WEIGHTS;
  return [
    { name: "context", value: predicted.context_quality, weight: context },
    { name: "tools", value: predicted.tool_relevance, weight: tools },
    { name: "budget", value: predicted.budget_efficiency, weight: budget },
  ];
}

function observedParts(observed: AiqObservation): Component[] {
  return [
    { name: "response", value: observed.response_quality, weight: OBSERVED_WEIGHTS.response },
    { name: "tools", value: observed.tool_success, weight: OBSERVED_WEIGHTS.tools },
    { name: "tokens", value: observed.token_efficiency, weight: OBSERVED_WEIGHTS.tokens },
  ];
}

/** Why tools say nothing about this turn. */
function toolsLeftOut(receipt: Receipt): string {
  const rest = "the other weights take the place of this one.";
  const floor = receipt.snapshot?.rules?.tool_relevance_floor ?? FLOOR;
  if (receipt.features_off.includes("tools")) {
    return `Tools are switched off: ${rest}`;
  }
  if (receipt.tools.length === 0) {
    return `The agent has no tools that this turn could have used: ${rest}`;
  }
  if (receipt.tools.every((tool) => tool.relevance < floor)) {
    return `No tool fits the question, all are below a relevance of ${floor.toFixed(2)}: ${rest}`;
  }
  return `No tool could be on offer in this turn: ${rest}`;
}
