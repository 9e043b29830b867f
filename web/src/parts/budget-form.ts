// Setting a budget, for administrators: whose, how long, how much; what is wrong stands at its field.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import { PERIODS, periodName, SCOPES } from "../text/budgets";
import { count, dollars } from "../text/format";
import type { BudgetLimits } from "../wire/governor";
import { refusalOf, type Refusal } from "../wire/refusal";
import { confirmed } from "./confirm";
import { Part } from "./part";

const MICROS = 1_000_000;
const OF_TENANT = "BUDGET_SCOPE_TENANT";
const OF_AGENT = "BUDGET_SCOPE_AGENT";

export class BudgetFormPart extends Part {
  static override properties = { scope: { state: true }, refused: { state: true } };
  declare scope: string;
  declare refused: Refusal | undefined;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      :host {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
      form {
        display: grid;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      label {
        display: grid;
        gap: 2px;
        color: var(--ink-soft);
      }
      label.check {
        display: flex;
        align-items: center;
        gap: var(--s2);
        color: var(--ink);
      }
      label.check input {
        min-height: 0;
        accent-color: var(--accent);
      }
      input,
      select {
        min-width: 0;
        color: var(--ink);
      }
      .two {
        display: grid;
        grid-template-columns: 1fr 1fr;
        align-items: start;
        gap: var(--s2);
      }
      .wrong {
        color: var(--bad);
      }
      button.main {
        justify-self: end;
      }
    `,
  ];

  constructor() {
    super();
    this.scope = OF_TENANT;
    this.refused = undefined;
  }

  protected override render(): unknown {
    const elsewhere = this.refused !== undefined && !this.refused.violations.some(({ field }) => FIELDS.includes(field));
    return html`<details>
      <summary>Set a budget</summary>
      <form @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <div class="two">
          <label>
            Whose
            <select name="scope" @change=${(event: Event) => (this.scope = (event.target as HTMLSelectElement).value)}>
              ${SCOPES.map(([value, name]) => html`<option value=${value} ?selected=${value === this.scope}>${name}</option>`)}
            </select>
          </label>
          <label>
            How long
            <select name="period">
              ${PERIODS.map(([value, name]) => html`<option value=${value} ?selected=${name === "day"}>${name}</option>`)}
            </select>
          </label>
        </div>
        ${this.scope === OF_TENANT ? nothing : this.#who()}
        <div class="two">${this.#number("limit_tokens", "Tokens, 0 for no limit", "1")} ${this.#number("limit_micros", "Dollars, 0 for no limit", "any")}</div>
        <label class="check"><input type="checkbox" name="hard" checked /> A turn that does not fit is refused</label>
        ${elsewhere ? html`<p class="problem" role="alert">${this.refused?.message}</p>` : nothing}
        <button class="main" type="submit">Set it</button>
      </form>
    </details>`;
  }

  /** Who of them; with nothing chosen it is each who has no budget of their own. */
  #who(): unknown {
    const { mesh, thread } = this.store;
    if (this.scope === OF_AGENT) {
      return html`<label>
        Which agent
        <select name="scope_id">
          <option value="">each that has none of its own</option>
          ${mesh.agents.value.map((agent) => html`<option value=${agent.agent_id}>${agent.name}</option>`)}
        </select>
        ${this.#wrong("scope_id")}
      </label>`;
    }
    const offered = this.scope === "BUDGET_SCOPE_USER" ? mesh.userId : thread.conversationId.value;
    return html`<label>
      Which one, by its id; empty for each that has none of its own
      <input name="scope_id" maxlength="256" autocomplete="off" .value=${offered} aria-invalid=${this.#isWrong("scope_id")} />
      ${this.#wrong("scope_id")}
    </label>`;
  }

  #number(name: string, label: string, step: string): unknown {
    return html`<label>
      ${label}
      <input type="number" name=${name} min="0" step=${step} value="0" required inputmode="decimal" aria-invalid=${this.#isWrong(name)} />
      ${this.#wrong(name)}
    </label>`;
  }

  #isWrong(name: string): boolean {
    return this.refused?.violations.some(({ field }) => field === name) ?? false;
  }

  #wrong(name: string): unknown {
    const found = this.refused?.violations.find(({ field }) => field === name);
    return found === undefined ? nothing : html`<span class="wrong" role="alert">${found.description}</span>`;
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const limits = limitsOf(new FormData(event.target as HTMLFormElement));
    this.refused = undefined;
    if (!(await confirmed(this.#question(limits)))) {
      return;
    }
    try {
      await this.store.budgets.set(limits);
      this.store.layout.announce("The budget is set.");
      await Promise.all([this.store.loadBudgets(), this.store.mesh.refresh()]);
    } catch (error) {
      this.refused = refusalOf(error);
    }
  }

  #question(limits: BudgetLimits): { title: string; text: string; act: string; refrain: string } {
    const [tokens, micros] = [Number(limits.limit_tokens), Number(limits.limit_micros)];
    const whose = SCOPES.find(([value]) => value === limits.scope)?.[1] ?? "";
    const who = limits.scope === OF_TENANT ? whose : limits.scope_id === "" ? whose.replace("one", "each") : `${whose}, ${this.#nameOf(limits)}`;
    const most = [tokens > 0 ? `${count(tokens)} tokens` : "", micros > 0 ? dollars(micros) : ""].filter((part) => part !== "").join(" and ");
    const text =
      most === ""
        ? "There will be no limit any more."
        : `It will be ${most}, ${limits.hard ? "and turns that do not fit are refused" : "and it only lowers the level"}. ${limits.scope === OF_TENANT ? "What is used already counts" : "One that is new counts from now on"}.`;
    return { title: `Set the ${periodName(limits.period)} budget of ${who}?`, text, act: "Set it", refrain: "Leave it" };
  }

  #nameOf(limits: BudgetLimits): string {
    return this.store.mesh.agents.value.find((agent) => agent.agent_id === limits.scope_id)?.name ?? limits.scope_id;
  }
}

const FIELDS: readonly string[] = ["scope_id", "limit_tokens", "limit_micros"];

function limitsOf(told: FormData): BudgetLimits {
  const text = (name: string): string => String(told.get(name) ?? "").trim();
  return {
    scope: text("scope"),
    scope_id: text("scope_id"),
    period: text("period"),
    limit_tokens: text("limit_tokens") || "0",
    limit_micros: String(Math.round(MICROS * Number(text("limit_micros") || "0"))),
    hard: told.get("hard") !== null,
  };
}

customElements.define("soma-budget-form", BudgetFormPart);
