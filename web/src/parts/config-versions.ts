// The versions of the governor's configuration: who made each, when and why, in what it differs; and restoring one.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { capital, moment, plural, words } from "../text/format";
import { changesOf, linesOf, type Change } from "../text/values";
import type { ConfigVersion } from "../wire/governor";
import { refusalOf } from "../wire/refusal";
import { confirmed } from "./confirm";
import { Part } from "./part";

const MOST_NAMED = 6;

interface Opened {
  readonly number: number;
  readonly version?: ConfigVersion;
  readonly changes?: readonly Change[];
}

export class ConfigVersionsPart extends Part {
  static override properties = { opened: { state: true }, refused: { state: true } };
  declare opened: Opened | undefined;
  declare refused: string;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      :host {
        margin-top: var(--s5);
      }
      li > .foot {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: var(--s2);
      }
      .foot button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .changes dd {
        text-align: left;
      }
      form {
        display: flex;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      form input {
        flex: 1;
        min-width: 0;
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `,
  ];

  constructor() {
    super();
    this.opened = undefined;
    this.refused = "";
  }

  protected override watched(): readonly Watchable[] {
    const { configuration, mesh } = this.store;
    return [configuration.now, configuration.problem, configuration.versions.rows, configuration.versions.problem, mesh.roles];
  }

  protected override render(): unknown {
    const { now, problem, versions } = this.store.configuration;
    const trouble = this.refused || (problem.value ?? versions.problem.value)?.message;
    const rows = versions.rows.value ?? [];
    const holds = now.value?.version.version;
    return html`<section aria-labelledby="configuration">
      <h2 id="configuration">Configuration <span>${holds === undefined ? "" : `version ${holds} holds`}</span></h2>
      ${trouble ? html`<p class="problem" role="alert">${trouble}</p>` : nothing}
      <ol class="rows">
        ${rows.map((row) => this.#row(row, holds))}
      </ol>
      ${versions.hasMore ? html`<button class="plain" type="button" @click=${() => void versions.more()}>Show older</button>` : nothing}
    </section>`;
  }

  #row(row: ConfigVersion, holds: number | undefined): unknown {
    const open = this.opened?.number === row.version;
    return html`<li>
      <div class="pair"><strong>Version ${row.version}</strong><span>${row.version === holds ? "holds" : ""}</span></div>
      <p class="quiet">${origin(row)}</p>
      ${row.comment === "" ? nothing : html`<p>${row.comment}</p>`}
      <div class="foot">
        <span class="quiet">${row.changed_fields.map((name) => words(name)).join(", ")}</span>
        <button class="plain" type="button" aria-expanded=${open} @click=${() => void this.#toggle(row.version)}>
          ${open ? "Hide" : "Show"} values<span class="unseen"> of version ${row.version}</span>
        </button>
      </div>
      ${open ? this.#values(row, holds) : nothing}
    </li>`;
  }

  #values(row: ConfigVersion, holds: number | undefined): unknown {
    const { version, changes } = this.opened ?? {};
    if (version === undefined) {
      return html`<p class="quiet" role="status">The values are being read.</p>`;
    }
    return html`
      ${changes === undefined ? nothing : differences(changes)}
      <details>
        <summary>All values</summary>
        <dl>${[...linesOf(version.config ?? {})].map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      </details>
      ${this.store.mesh.isAdmin && row.version !== holds
        ? html`<form @submit=${(event: SubmitEvent) => void this.#restore(event, version)}>
            <input name="comment" maxlength="500" aria-label="Why it is restored" placeholder="Why (if you like)" autocomplete="off" />
            <button type="submit">Restore this version</button>
          </form>`
        : nothing}
    `;
  }

  async #toggle(number: number): Promise<void> {
    this.refused = "";
    if (this.opened?.number === number) {
      this.opened = undefined;
      return;
    }
    const asked: Opened = { number };
    this.opened = asked;
    try {
      const { configuration } = this.store;
      const [version, before] = await Promise.all([configuration.read(number), number === 0 ? undefined : configuration.read(number - 1)]);
      if (this.opened === asked) {
        this.opened = before === undefined ? { number, version } : { number, version, changes: changesOf(before.config, version.config) };
      }
    } catch (error) {
      this.refused = refusalOf(error).message;
      this.opened = undefined;
    }
  }

  async #restore(event: SubmitEvent, version: ConfigVersion): Promise<void> {
    event.preventDefault();
    const comment = String(new FormData(event.target as HTMLFormElement).get("comment") ?? "").trim();
    const { configuration } = this.store;
    const changes = changesOf(configuration.now.value?.version.config, version.config);
    const named = changes.slice(0, MOST_NAMED).map((change) => `${change.name} from ${change.before} to ${change.after}`);
    const more = changes.length > MOST_NAMED ? ` and ${plural(changes.length - MOST_NAMED, "more")}` : "";
    const sure = await confirmed({
      title: `Restore version ${version.version}?`,
      text: `The next turn is planned by it. ${changes.length === 0 ? "No value changes" : `It changes ${named.join("; ")}${more}`}. It becomes a new version; no older one is lost.`,
      act: "Restore it",
      refrain: "Leave it",
    });
    if (!sure) {
      return;
    }
    try {
      await configuration.restore(version.version, comment);
      this.opened = undefined;
      this.store.layout.announce(`The values of version ${version.version} hold again.`);
    } catch (error) {
      this.refused = refusalOf(error).message;
    }
  }
}

function origin(row: ConfigVersion): string {
  if (row.create_time === undefined) {
    return "The values that come with the system.";
  }
  const restored = row.restores_version > 0 ? `, restoring version ${row.restores_version}` : "";
  return `${moment(row.create_time)} by ${row.changed_by}${restored}`;
}

function differences(changes: readonly Change[]): unknown {
  return changes.length === 0
    ? html`<p class="quiet">No value differs from the version before.</p>`
    : html`<dl class="changes">
        ${changes.map(({ name, before, after }) => html`<dt>${capital(name)}</dt><dd>${before} → ${after}</dd>`)}
      </dl>`;
}

customElements.define("soma-config-versions", ConfigVersionsPart);
