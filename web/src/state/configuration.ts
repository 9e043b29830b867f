// The governor's configuration: the version that holds, those before it, how well AIQ was predicted.

import type { Calibration, ConfigVersion } from "../wire/governor";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";
import { Pages } from "./pages";

const CONFIG = "/api/v1/governor/config";
const PAGE = 20;

export interface Holding {
  readonly version: ConfigVersion;
  readonly calibration: readonly Calibration[];
}

export class Configuration {
  readonly now = new Cell<Holding | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly versions: Pages<ConfigVersion>;
  readonly #known = new Map<number, ConfigVersion>();

  constructor(private readonly rest: Rest) {
    this.versions = new Pages(rest, `${CONFIG}/versions`, "versions");
  }

  async load(): Promise<void> {
    await Promise.all([this.loadNow(), this.versions.load({ page_size: PAGE })]);
  }

  async loadNow(): Promise<void> {
    try {
      const { version, calibration } = await this.rest.get<{ version: ConfigVersion; calibration: Calibration[] }>(CONFIG);
      this.now.value = { version, calibration };
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = refusalOf(error);
    }
  }

  /** A version with all its values; 0 is what comes with the system. Throws the refusal. */
  async read(number: number): Promise<ConfigVersion> {
    const known = this.#known.get(number);
    if (known !== undefined) {
      return known;
    }
    const { version } = await this.rest.get<{ version: ConfigVersion }>(CONFIG, { version: number });
    this.#known.set(number, version);
    return version;
  }

  /** Lets the values of a version hold again, as a new version. Throws the refusal. */
  async restore(number: number, comment: string): Promise<void> {
    const base = this.now.value?.version.version;
    await this.rest.post(CONFIG, {
      restore_version: number,
      comment,
      request_id: crypto.randomUUID(),
      ...(base === undefined ? {} : { based_on_version: base }),
    });
    await this.load();
  }
}
