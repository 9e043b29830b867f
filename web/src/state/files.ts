// Conversations into the person's files and out of them.

import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { exported, imported, type FileForm } from "./archive";

export interface FileListener {
  imported(conversationId: string): void;
  done(sentence: string): void;
  refused(problem: Refusal): void;
}

export class Files {
  constructor(
    private readonly rest: Rest,
    private readonly listener: FileListener,
  ) {}

  /** Has the browser keep a conversation as a file. */
  async take(conversationId: string, form: FileForm): Promise<void> {
    try {
      const file = await exported(this.rest, conversationId, form);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([file.text], { type: file.type }));
      link.download = file.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      this.listener.done(`Exported as ${file.name}.`);
    } catch (error) {
      this.listener.refused(refusalOf(error));
    }
  }

  /** Asks for a file and makes a conversation of it. */
  choose(): void {
    const field = document.createElement("input");
    field.type = "file";
    field.accept = ".json,application/json";
    field.addEventListener("change", () => {
      const file = field.files?.[0];
      if (file !== undefined) {
        void this.#read(file);
      }
    });
    field.click();
  }

  async #read(file: File): Promise<void> {
    try {
      const conversationId = await imported(this.rest, await file.text());
      this.listener.imported(conversationId);
      this.listener.done("Imported.");
    } catch (error) {
      this.listener.refused(refusalOf(error));
    }
  }
}
