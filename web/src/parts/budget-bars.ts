// One budget as bars: what is used, held and owed of its limit, and what is left.

import { css, html, nothing, svg } from "lit";
import { microsOf, periodName, tokensOf, type Share } from "../text/budgets";
import { capital, dollars, moment, plural } from "../text/format";
import type { Budget } from "../wire/governor";

export const budgetStyles = css`
  .budget {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .budget:last-child {
    border-bottom: 1px solid var(--hairline);
  }
  .budget h3 {
    overflow-wrap: anywhere;
  }
  .budget svg {
    margin: var(--s1) 0 2px;
  }
  .budget .used {
    fill: var(--accent);
  }
  .budget .held {
    fill: var(--accent-soft);
    stroke: var(--accent);
    stroke-width: 1;
  }
  .budget .debt {
    fill: var(--bad);
  }
  .budget .full .used {
    fill: var(--bad);
  }
`;

export function budgetBars(budget: Budget, whose: string): unknown {
  const perTurn = budget.period === "BUDGET_PERIOD_TURN";
  const shares: readonly (readonly [Share, (value: number) => string])[] = [
    [tokensOf(budget), (value) => plural(value, "token")],
    [microsOf(budget), (value) => dollars(value)],
  ];
  return html`<li class="budget">
    <div class="pair">
      <h3>${capital(whose)} · ${periodName(budget.period)}</h3>
      <span>${budget.hard ? "hard" : "soft"}</span>
    </div>
    ${shares.filter(([share]) => share.limit > 0).map(([share, say]) => (perTurn ? bound(share, say) : bar(share, say)))}
    <p class="quiet">${meaning(budget)}</p>
  </li>`;
}

function bound(share: Share, say: (value: number) => string): unknown {
  return html`<p>At most ${say(share.limit)} for all model calls of a turn.</p>`;
}

function bar(share: Share, say: (value: number) => string): unknown {
  const { limit, used, held, debt, left } = share;
  const parts = [`${say(used)} used`, `${say(held)} held`, debt > 0 ? `${say(debt)} owed` : ""].filter((part) => part !== "");
  const whole = Math.max(limit, used + held + debt);
  return html`<svg class=${left === 0 ? "bar full" : "bar"} height="10" role="img" aria-label=${`${parts.join(", ")}, ${say(left)} left of ${say(limit)}`}>
      <rect class="track" width="100%" height="10" rx="2"></rect>
      ${piece("used", 0, used, whole)} ${piece("held", used, held, whole)} ${piece("debt", used + held, debt, whole)}
    </svg>
    <p>${say(left)} left of ${say(limit)}</p>
    <p class="quiet">${parts.join(", ")}</p>`;
}

function piece(kind: string, from: number, size: number, whole: number): unknown {
  const percent = (value: number): string => `${((100 * value) / whole).toFixed(2)}%`;
  return size > 0 ? svg`<rect class=${kind} x=${percent(from)} width=${percent(size)} height="10"></rect>` : nothing;
}

function meaning(budget: Budget): string {
  const full = budget.hard ? "A turn that does not fit is refused." : "It refuses nothing; it only lowers the level.";
  const anew = budget.reset_time === undefined ? "" : ` It starts anew ${moment(budget.reset_time)}.`;
  return `${full}${anew}`;
}
