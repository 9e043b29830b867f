// The conversation that is shown, as the mesh has it: opening, older pages, branches, what others did to it.

import type { Conversation, MessagePage } from "../wire/chat";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Branches } from "./branches";
import { Cell } from "./cell";
import { renew, storedEntry, type Entry } from "./entry";
import { forgetPending, pendingOnes } from "./pending";
import type { Thread } from "./thread";
import type { Turns } from "./turns";

const PAGE = 60;
const FAR_PAGE = 500;
const CONVERSATIONS = "/api/v1/chat/conversations";

export class Talk {
  readonly opening = new Cell(false);
  readonly loadingOlder = new Cell(false);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  /** A message that was looked for, to be shown. */
  readonly sought = new Cell<Entry | undefined>(undefined);
  readonly #branches: Branches;
  /** The version that was turned to and has not come yet. */
  #turnedTo = "";
  #older = "";
  #visit = 0;

  constructor(
    private readonly rest: Rest,
    private readonly thread: Thread,
    private readonly turns: Turns,
  ) {
    this.#branches = new Branches(rest);
  }

  get hasOlder(): boolean {
    return this.#older !== "";
  }

  /** An empty conversation; it exists in the mesh once something is said. */
  fresh(): void {
    this.#clear();
  }

  async open(conversationId: string, messageId = ""): Promise<void> {
    this.#clear();
    const visit = this.#visit;
    this.thread.conversationId.value = conversationId;
    this.opening.value = true;
    try {
      if (messageId !== "") {
        await this.#chooseBranchOf(conversationId, messageId);
      }
      const [conversation, page] = await this.#newest(conversationId);
      if (visit === this.#visit) {
        this.#show(conversation, page);
      }
    } catch (error) {
      if (visit === this.#visit) {
        this.problem.value = refusalOf(error);
      }
    } finally {
      if (visit === this.#visit) {
        this.opening.value = false;
      }
    }
    if (messageId !== "" && visit === this.#visit) {
      await this.#seek(messageId);
    }
  }

  /** Looks again, for what another tab or device did to the conversation. */
  async refresh(): Promise<void> {
    const { value: id } = this.thread.conversationId;
    if (id === "" || this.opening.value) {
      return;
    }
    const visit = this.#visit;
    const { value: shown } = this.thread.entries;
    const { leafId } = this.thread;
    const found = await this.#newest(id).catch(() => undefined);
    if (found === undefined || visit !== this.#visit) {
      return;
    }
    if (shown !== this.thread.entries.value || leafId !== this.thread.leafId) {
      await this.refresh(); // what was asked for is older than what is shown
      return;
    }
    this.#renew(...found);
  }

  /** The mesh told how the conversation stands. */
  async heard(conversation: Conversation): Promise<void> {
    if (conversation.conversation_id !== this.thread.conversationId.value || this.opening.value) {
      return;
    }
    this.thread.conversation.value = conversation;
    const { running_turn_id: running, current_leaf_message_id: leaf } = conversation;
    const strange = running !== "" && !this.turns.follows(running) && !this.turns.unsettled;
    const idle = running === "" && !this.turns.busy;
    if (strange || (idle && leaf !== this.thread.leafId)) {
      await this.refresh();
    }
  }

  async loadOlder(size = PAGE): Promise<void> {
    if (this.#older === "" || this.loadingOlder.value) {
      return;
    }
    const visit = this.#visit;
    this.problem.value = undefined;
    this.loadingOlder.value = true;
    try {
      const page = await this.#messages(this.thread.conversationId.value, { page_token: this.#older, page_size: size });
      if (visit === this.#visit) {
        this.#older = page.next_page_token;
        this.thread.entries.value = [...entriesOf(page, []), ...this.thread.entries.value];
      }
    } catch (error) {
      if (visit === this.#visit) {
        this.problem.value = refusalOf(error);
      }
    } finally {
      this.loadingOlder.value = false;
    }
  }

  /** Shows the branch on which the sibling of that number stands. Throws the refusal. */
  async turnTo(entry: Entry, number: number): Promise<void> {
    const { value: id } = this.thread.conversationId;
    const visit = this.#visit;
    const beside = await this.#branches.beside(id, entry.messageId, number);
    if (beside === undefined || visit !== this.#visit) {
      return;
    }
    this.#turnedTo = beside.messageId; // before the mesh is asked: it may tell what is shown now before it answers
    await this.#branches.choose(id, beside.leafId);
    await this.refresh();
  }

  /** Whether this is the version that was turned to; asking takes it. */
  takeTurned(entry: Entry): boolean {
    const turned = entry.messageId !== "" && entry.messageId === this.#turnedTo;
    if (turned) {
      this.#turnedTo = "";
    }
    return turned;
  }

  /** Shows the messages that a turn stands behind which was begun elsewhere, and its answer below them. */
  async straighten(answer: Entry, questionId: string): Promise<void> {
    const visit = this.#visit;
    const { value: id } = this.thread.conversationId;
    const page = await this.#messages(id, { leaf_message_id: questionId }).catch(() => undefined);
    if (page !== undefined && visit === this.#visit && answer.running) {
      this.#older = page.next_page_token;
      this.thread.entries.value = [...entriesOf(page, this.thread.entries.value), answer];
    }
  }

  /** Takes up what was being said when the page was left before the mesh had answered. */
  async takeUp(): Promise<boolean> {
    const kept = pendingOnes();
    const { conversationId } = kept[0] ?? {};
    if (conversationId === undefined) {
      return false;
    }
    if (conversationId !== "") {
      await this.open(conversationId);
    }
    for (const each of kept.filter((other) => other.conversationId === conversationId)) {
      if (each.queued && each.opening.type === "chat.send") {
        this.turns.enqueue({ text: each.text, opening: each.opening, frameId: "" });
      } else if (this.turns.running.value !== undefined || this.#wasTaken(each.text)) {
        forgetPending(each.opening.payload.request_id);
      } else {
        this.turns.open(each.opening, each.text);
      }
    }
    return true;
  }

  #wasTaken(text: string): boolean {
    return this.thread.entries.value.findLast((entry) => entry.role === "user")?.text === text;
  }

  #show(conversation: Conversation, page: Told): void {
    this.thread.conversation.value = conversation;
    this.thread.agentId = conversation.agent_id;
    this.#older = page.next_page_token;
    this.thread.entries.value = entriesOf(page, this.thread.entries.value);
    this.#followOther(conversation.running_turn_id);
  }

  #renew(conversation: Conversation, page: Told): void {
    const refused = this.thread.last?.problem !== undefined;
    if (this.turns.running.value !== undefined || refused) {
      this.thread.conversation.value = conversation;
      this.#followOther(conversation.running_turn_id);
      return;
    }
    if (page.messages.at(-1)?.message_id === this.thread.leafId) {
      entriesOf(page, this.thread.entries.value);
      this.thread.conversation.value = conversation;
      this.#followOther(conversation.running_turn_id);
    } else {
      this.#show(conversation, page);
    }
  }

  #followOther(turnId: string): void {
    if (turnId !== "" && !this.turns.follows(turnId) && !this.turns.unsettled) {
      this.turns.follow(turnId);
    }
  }

  async #chooseBranchOf(conversationId: string, messageId: string): Promise<void> {
    const path = `${CONVERSATIONS}/${encodeURIComponent(conversationId)}`;
    const { conversation } = await this.rest.get<{ conversation: Conversation }>(path);
    const shown = conversation.current_leaf_message_id;
    const leaf = await this.#branches.leafOf(conversationId, messageId, shown);
    if (leaf !== "" && leaf !== shown) {
      await this.#branches.choose(conversationId, leaf);
    }
  }

  /** Reads older pages until the message is among them. */
  async #seek(messageId: string): Promise<void> {
    const found = (): Entry | undefined => this.thread.entries.value.find((entry) => entry.messageId === messageId);
    const visit = this.#visit;
    while (found() === undefined && this.hasOlder && visit === this.#visit && this.problem.value === undefined) {
      await this.loadOlder(FAR_PAGE);
    }
    if (visit === this.#visit) {
      this.sought.value = found();
    }
  }

  #clear(): void {
    this.#visit += 1;
    this.turns.leave();
    this.#older = "";
    this.#turnedTo = "";
    this.problem.value = undefined;
    this.opening.value = false;
    this.sought.value = undefined;
    this.thread.clear();
  }

  async #newest(id: string): Promise<[Conversation, Told]> {
    const [opened, page] = await Promise.all([
      this.rest.get<{ conversation: Conversation }>(`${CONVERSATIONS}/${encodeURIComponent(id)}`),
      this.#messages(id, {}),
    ]);
    return [opened.conversation, page];
  }

  async #messages(id: string, more: Record<string, string | number>): Promise<Told> {
    const query = { page_size: PAGE, from_end: true, ...more };
    const asked = performance.now();
    return { ...(await this.rest.get<MessagePage>(`${CONVERSATIONS}/${encodeURIComponent(id)}/messages`, query)), asked };
  }
}

/** A page, and when it was asked for: what was done here since is not in it. */
interface Told extends MessagePage {
  readonly asked: number;
}

/** The entries of a page; one that is known already stays, with what only a live answer knows, and is renewed. */
function entriesOf(page: Told, known: readonly Entry[]): Entry[] {
  const byId = new Map(known.filter((entry) => entry.messageId !== "").map((entry) => [entry.messageId, entry]));
  return page.messages
    .filter((message) => message.role === "ROLE_USER" || message.role === "ROLE_ASSISTANT")
    .map((message) => {
      const entry = byId.get(message.message_id);
      if (entry === undefined) {
        return storedEntry(message);
      }
      renew(entry, message, page.asked);
      return entry;
    });
}
