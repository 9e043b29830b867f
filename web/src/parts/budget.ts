// What may be spent: the budgets that apply here, how fast it may be, what the last turns cost, and those of others.

import { html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { inOrder, keyOf, scopeOf } from "../text/budgets";
import { count, money, moment, plural } from "../text/format";
import type { Budget, RateRules, ReceiptSummary } from "../wire/governor";
import { budgetBars, budgetStyles } from "./budget-bars";
import "./budget-form";
import { Part } from "./part";

export class BudgetPart extends Part {
  static override styles = [base, controls, notices, panel, budgetStyles];

  protected override watched(): readonly Watchable[] {
    const { budgets, configuration, mesh, thread, chats } = this.store;
    const lists = [budgets.all.rows, budgets.all.problem, budgets.spent.rows, budgets.spent.problem];
    return [budgets.mine, budgets.problem, ...lists, configuration.now, mesh.roles, mesh.agents, thread.conversationId, chats.list];
  }

  #loadedFor = "";

  /** Reads anew whenever another conversation is shown, or somebody else is known to look. */
  protected override willUpdate(): void {
    const { mesh, thread, configuration } = this.store;
    const now = `${thread.conversationId.value} ${mesh.isOperator}`;
    if (now !== this.#loadedFor) {
      this.#loadedFor = now;
      void this.store.loadBudgets();
    }
    if (!this.hasUpdated) {
      void configuration.loadNow();
    }
  }

  protected override render(): unknown {
    const { mesh } = this.store;
    return html`
      ${this.#mine()} ${rates(this.store.configuration.now.value?.version.config?.rates)} ${this.#spent()}
      ${mesh.isOperator ? this.#others() : nothing}
      ${mesh.isAdmin
        ? html`<soma-budget-form .store=${this.store}></soma-budget-form>`
        : html`<section><p class="quiet">An administrator can set budgets.</p></section>`}
    `;
  }

  #mine(): unknown {
    const { mine, problem } = this.store.budgets;
    const open = mine.value?.[0]?.open_holds ?? 0;
    return html`<section aria-labelledby="mine">
      <h2 id="mine">What applies here <span>${open === 0 ? "" : plural(open, "open hold")}</span></h2>
      ${problem.value === undefined ? nothing : html`<p class="problem" role="alert">${problem.value.message}</p>`}
      ${mine.value === undefined
        ? problem.value === undefined
          ? html`<p class="quiet" role="status">The budgets are being read.</p>`
          : nothing
        : this.#list(mine.value, "No budget limits what you may spend.")}
    </section>`;
  }

  #list(budgets: readonly Budget[], empty: string): unknown {
    return budgets.length === 0
      ? html`<p class="quiet">${empty}</p>`
      : html`<ul>
          ${inOrder(budgets).map((budget) => budgetBars(budget, this.#whose(budget)))}
        </ul>`;
  }

  #whose(budget: Budget): string {
    const { mesh, thread, chats } = this.store;
    const id = budget.scope_id;
    switch (scopeOf(budget)) {
      case "BUDGET_SCOPE_USER":
        return id === "" ? "each user" : id === mesh.userId ? "you" : `user ${id}`;
      case "BUDGET_SCOPE_AGENT":
        return id === "" ? "each agent" : `agent ${mesh.agents.value.find((agent) => agent.agent_id === id)?.name ?? id}`;
      case "BUDGET_SCOPE_CONVERSATION": {
        const known = chats.list.value?.find((chat) => chat.conversation_id === id);
        const named = known === undefined ? `conversation ${id}` : `“${chats.nameOf(known)}”`;
        return id === "" ? "each conversation" : id === thread.conversationId.value ? "this conversation" : named;
      }
      default:
        return "everybody together";
    }
  }

  #spent(): unknown {
    const { rows, problem } = this.store.budgets.spent;
    return html`<section aria-labelledby="spent">
      <h2 id="spent">What the last turns cost</h2>
      ${problem.value === undefined ? nothing : html`<p class="problem" role="alert">${problem.value.message}</p>`}
      ${rows.value?.length === 0 ? html`<p class="quiet">Nobody has asked anything yet.</p>` : nothing}
      <ol class="rows">
        ${(rows.value ?? []).map((row) => this.#turn(row))}
      </ol>
    </section>`;
  }

  #turn(row: ReceiptSummary): unknown {
    return html`<li class="pair">
      <button class="link" type="button" @click=${() => this.store.showReceipt(row.receipt_id)}>
        ${moment(row.plan_time)}${row.owner_sub === this.store.mesh.userId ? "" : ` by ${row.owner_sub}`}<span class="unseen">: open its receipt</span>
      </button>
      <span>${row.settle_time === undefined ? "not settled" : `${count(row.tokens)} tokens, ${money(row.cost_micros)}`}</span>
    </li>`;
  }

  /** Those of the tenant that do not apply here. */
  #others(): unknown {
    const { all, mine } = this.store.budgets;
    const here = new Set((mine.value ?? []).map((budget) => keyOf(budget)));
    const others = all.rows.value?.filter((budget) => !here.has(keyOf(budget)));
    return html`<section aria-labelledby="others">
      <h2 id="others">Other budgets</h2>
      ${all.problem.value === undefined ? nothing : html`<p class="problem" role="alert">${all.problem.value.message}</p>`}
      ${others === undefined ? nothing : this.#list(others, "Nothing is limited for anybody else.")}
      ${all.hasMore ? html`<button class="plain" type="button" @click=${() => void all.more()}>Show more</button>` : nothing}
    </section>`;
  }
}

function rates(rules: RateRules | undefined): unknown {
  if (rules === undefined) {
    return nothing;
  }
  const rows: readonly (readonly [string, number | string, number | string])[] = [
    ["Model calls a minute", rules.tenant_calls_per_minute, rules.user_calls_per_minute],
    ["Tokens a minute", rules.tenant_tokens_per_minute, rules.user_tokens_per_minute],
    ["Turns at once", rules.tenant_concurrent_turns, rules.user_concurrent_turns],
  ];
  const limited = rows.filter(([, all, each]) => Number(all) > 0 || Number(each) > 0);
  const say = (value: number | string): string => (Number(value) === 0 ? "no limit" : count(value));
  return html`<section aria-labelledby="rates">
    <h2 id="rates">How fast</h2>
    ${limited.length === 0
      ? html`<p class="quiet">Nothing limits how many calls, tokens or turns there may be at once.</p>`
      : html`<dl>${limited.map(([name, all, each]) => html`<dt>${name}</dt><dd>${say(all)} together, ${say(each)} for each user</dd>`)}</dl>`}
  </section>`;
}

customElements.define("soma-budget", BudgetPart);
