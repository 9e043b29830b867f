// The turns of the conversation that is shown: what was said, edited, asked again; the answers that grow; what waits
// for its place.

import type { Connection } from "../wire/connection";
import type { ChatSend, Opening, Started, TurnFrame, WhileBusy } from "../wire/frames";
import type { Rest } from "../wire/rest";
import type { Turn } from "../wire/chat";
import { Cell } from "./cell";
import { answerEntry, userEntry, type Entry } from "./entry";
import { hear } from "./hearing";
import { forgetPending, forgetPendingSoon, keepPending, type Kept } from "./pending";
import type { Thread } from "./thread";

const TURNS = "/api/v1/chat/turns";
const LOOKS = 10;
const LOOK_AGAIN_MS = 500;

export interface TurnListener {
  /** A turn has begun; `fresh` when it made its conversation, `ours` when it was begun here. */
  begun(entry: Entry, told: Started, fresh: boolean): void;
  /** Something a person who does not see the page should hear. */
  said(entry: Entry, sentence: string): void;
  /** A turn came to its end, with a sentence for those who do not see it. */
  ended(entry: Entry, sentence: string, branched: boolean): void;
  /** A turn belongs to another question than the one that stands last on the page. */
  strayed(entry: Entry, told: Started): void;
}

export interface Queued {
  readonly text: string;
  readonly opening: Extract<Opening, { type: "chat.send" }>;
  frameId: string;
}

interface Live {
  readonly frameId: string;
  readonly answer: Entry;
  readonly question: Entry | undefined;
  readonly opening: Opening | undefined;
}

export class Turns {
  readonly running = new Cell<Entry | undefined>(undefined);
  readonly queue = new Cell<readonly Queued[]>([]);
  /** The profile that answers what is said here; empty for the agent's own. */
  readonly modelId = new Cell("");
  readonly #live = new Map<string, Live>();

  constructor(
    private readonly thread: Thread,
    private readonly connection: Connection,
    private readonly rest: Rest,
    private readonly listener: TurnListener,
  ) {}

  get busy(): boolean {
    return this.running.value !== undefined || this.queue.value.length > 0;
  }

  /** Whether a turn was begun here of which nobody knows yet which one it is. */
  get unsettled(): boolean {
    const ids = [...this.#live.keys(), ...this.queue.value.map((queued) => queued.frameId)];
    return ids.some((frameId) => this.connection.turnOf(frameId) === "");
  }

  /** Says something; while an answer is written it waits for its end, or ends it. */
  say(text: string, whileBusy: WhileBusy = "enqueue"): void {
    if (text.trim() === "") {
      return;
    }
    const payload: ChatSend = { content: text, ...this.#asking() };
    const opening: Queued["opening"] = { type: "chat.send", payload };
    if (this.busy) {
      payload.while_busy = whileBusy;
      this.enqueue({ text, opening, frameId: "" });
      return;
    }
    this.#address(payload);
    this.open(opening, text);
  }

  /** Begins a turn that was said here, and shows it at the end of the thread until its place is known. */
  open(opening: Opening, text: string): void {
    const answer = answerEntry();
    const question = opening.type === "chat.send" ? userEntry(text) : undefined;
    this.thread.push(...(question === undefined ? [] : [question]), answer);
    this.#begin(opening, question, answer);
  }

  /** Says something else in the place of a question. */
  edit(question: Entry, text: string): void {
    const edited = userEntry(text);
    edited.siblings = { number: question.siblings.count + 1, count: question.siblings.count + 1 };
    const answer = answerEntry();
    this.thread.replaceFrom(question, edited, answer);
    const payload = { message_id: question.messageId, content: text, ...this.#asking() };
    this.#begin({ type: "chat.edit", payload }, edited, answer);
  }

  /** Has a question answered anew, and the agent woken for it if it sleeps deeply and that is wanted. */
  regenerate(old: Entry, wake = false): void {
    const question = this.thread.questionOf(old);
    const messageId = old.messageId || (question?.messageId ?? "");
    const answer = answerEntry();
    if (old.messageId !== "") {
      answer.siblings = { number: old.siblings.count + 1, count: old.siblings.count + 1 };
    }
    this.thread.replaceFrom(old, answer);
    const payload = { message_id: messageId, ...this.#asking(), ...(wake ? { options: { wake } } : {}) };
    this.#begin({ type: "chat.regenerate", payload }, question, answer);
  }

  /** Follows a turn that was begun elsewhere, or before a reload. */
  follow(turnId: string): void {
    const answer = answerEntry();
    this.thread.push(answer);
    this.#listen({ frameId: this.connection.follow(turnId), answer, question: undefined, opening: undefined });
  }

  follows(turnId: string): boolean {
    return [...this.#live.values()].some((live) => live.answer.turnId === turnId || this.connection.turnOf(live.frameId) === turnId);
  }

  stop(): void {
    for (const frameId of this.#live.keys()) {
      this.connection.stop(frameId);
    }
  }

  /** Lets a message wait until the answers before it have ended. */
  enqueue(queued: Queued): void {
    this.queue.value = [...this.queue.value, queued];
    this.#keep(queued.opening, queued.text, true);
    this.#send(queued);
  }

  /** Takes a message out of the queue. A turn tells nothing before it begins, so its id is looked up. */
  async takeBack(queued: Queued): Promise<void> {
    this.#unqueue(queued);
    if (queued.frameId === "") {
      return;
    }
    this.connection.leave(queued.frameId);
    const query = { conversation_id: this.thread.conversationId.value, page_size: 200 };
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const { turns } = await this.rest.get<{ turns: Turn[] }>(TURNS, query);
      const turn = turns.find((each) => each.request_id === queued.opening.payload.request_id);
      if (turn !== undefined) {
        await this.rest.post(`${TURNS}/${encodeURIComponent(turn.turn_id)}:cancel`, {});
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS)); // what was said goes another way, and may be slower
    }
  }

  hear(frameId: string, frame: TurnFrame): void {
    const queued = this.queue.value.find((each) => each.frameId === frameId);
    if (queued !== undefined) {
      this.#hearQueued(queued, frame);
    }
    const live = this.#live.get(frameId);
    if (live === undefined) {
      return;
    }
    if (frame.type === "chat.started") {
      this.#started(live, frame);
      return;
    }
    const sentence = hear(live.answer, frame);
    if (!live.answer.running) {
      this.#ended(live, sentence);
    } else if (sentence !== "") {
      this.listener.said(live.answer, sentence);
    }
  }

  /** Stops listening to everything; the turns go on. */
  leave(): void {
    for (const frameId of [...this.#live.keys(), ...this.queue.value.map((queued) => queued.frameId)]) {
      this.connection.leave(frameId);
    }
    this.#live.clear();
    this.running.value = undefined;
    this.queue.value = [];
  }

  #asking(): { request_id: string; model_profile_id?: string } {
    const { value: model } = this.modelId;
    return { request_id: crypto.randomUUID(), ...(model === "" ? {} : { model_profile_id: model }) };
  }

  #address(payload: ChatSend): void {
    if (this.thread.conversationId.value !== "") {
      payload.conversation_id = this.thread.conversationId.value;
    } else if (this.thread.agentId !== "") {
      payload.agent_id = this.thread.agentId;
    }
  }

  #begin(opening: Opening, question: Entry | undefined, answer: Entry): void {
    this.#keep(opening, question?.text ?? "", false);
    this.#listen({ frameId: this.connection.begin(opening), answer, question, opening });
  }

  #keep(opening: Opening, text: string, queued: boolean): void {
    const kept: Kept = { opening, text, queued, conversationId: this.thread.conversationId.value };
    keepPending(kept);
  }

  #listen(live: Live): void {
    this.#live.set(live.frameId, live);
    this.running.value = live.answer;
  }

  #send(queued: Queued): void {
    if (this.thread.conversationId.value === "") {
      return; // the conversation is being made by the turn before it
    }
    this.#address(queued.opening.payload);
    this.#keep(queued.opening, queued.text, true);
    queued.frameId = this.connection.begin(queued.opening);
  }

  #hearQueued(queued: Queued, frame: TurnFrame): void {
    if (frame.type !== "chat.started" && frame.type !== "error" && frame.type !== "chat.failed" && frame.type !== "chat.cancelled") {
      return;
    }
    this.#unqueue(queued);
    if (frame.type === "chat.cancelled" || (frame.type === "chat.started" && this.#isShown(frame.payload))) {
      this.connection.leave(queued.frameId);
      return;
    }
    const [question, answer] = [userEntry(queued.text), answerEntry()];
    this.thread.push(question, answer);
    this.#listen({ frameId: queued.frameId, answer, question, opening: queued.opening });
  }

  /** Whether a turn that was said before a reload has come to its end in the meantime. */
  #isShown(told: Started): boolean {
    return this.thread.entries.value.some((entry) => entry.messageId === told.assistant_message_id && !entry.running);
  }

  #unqueue(queued: Queued): void {
    forgetPending(queued.opening.payload.request_id);
    this.queue.value = this.queue.value.filter((each) => each !== queued);
  }

  #started(live: Live, frame: Extract<TurnFrame, { type: "chat.started" }>): void {
    const told = frame.payload;
    const { answer, question, opening } = live;
    const fresh = this.thread.conversationId.value === "";
    this.thread.conversationId.value = told.conversation_id;
    this.thread.agentId = told.agent_id;
    if (opening !== undefined) {
      this.#keep(opening, question?.text ?? "", false);
      forgetPendingSoon(opening.payload.request_id);
    }
    if (question !== undefined && question.messageId === "") {
      question.messageId = told.user_message_id;
      question.changed.beat();
    }
    hear(answer, frame);
    this.listener.begun(answer, told, fresh);
    if (this.thread.questionOf(answer)?.messageId !== told.user_message_id) {
      this.listener.strayed(answer, told);
    }
    for (const queued of this.queue.value.filter((each) => each.frameId === "")) {
      this.#send(queued);
    }
  }

  #ended(live: Live, sentence: string): void {
    const { answer, question, opening } = live;
    this.#live.delete(live.frameId);
    this.running.value = [...this.#live.values()].at(-1)?.answer;
    if (opening !== undefined) {
      forgetPending(opening.payload.request_id);
      answer.retry = () => this.#again(opening, question, answer);
      answer.changed.beat();
    }
    this.listener.ended(answer, sentence, opening !== undefined && opening.type !== "chat.send");
  }

  /** The same once more, after it failed: in its place where nothing of it was kept, else as another branch. */
  #again(opening: Opening, question: Entry | undefined, failed: Entry): void {
    if (failed.messageId !== "" || (question !== undefined && question.messageId !== "")) {
      this.regenerate(failed);
      return;
    }
    const answer = answerEntry();
    this.thread.replaceFrom(failed, answer);
    const renewed = { ...opening, payload: { ...opening.payload, request_id: crypto.randomUUID() } } as Opening;
    this.#begin(renewed, question, answer);
  }
}
