// The connection to the edge: frames out, frames in, and coming back after a cut without losing or repeating anything.
// Knows nothing of the page.

import { LAST_FRAMES, type Connected, type Opening, type ServerFrame, type TitleUpdate, type TurnFrame } from "./frames";
import type { Rest } from "./rest";

const SUBPROTOCOL = "soma.edge.v1.json";
const SHORTEST_PAUSE = 250;
const LONGEST_PAUSE = 8000;
const PING_EVERY = 20_000;
const UNAUTHENTICATED: readonly number[] = [4001, 4003];

export type Link = "connecting" | "connected" | "lost" | "locked";

export interface Listener {
  connected(told: Connected): void;
  link(state: Link): void;
  frame(frameId: string, frame: TurnFrame): void;
  title(told: TitleUpdate): void;
}

interface Followed {
  opening: Opening | undefined;
  turnId: string;
  sequence: number;
  stopWhenKnown: boolean;
}

export class Connection {
  #socket: WebSocket | undefined;
  #pause = SHORTEST_PAUSE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heard = 0;
  readonly #turns = new Map<string, Followed>();

  constructor(
    private readonly listener: Listener,
    private readonly rest: Rest,
  ) {
    addEventListener("online", () => this.#retryNow());
    addEventListener("offline", () => this.#socket?.close());
    setInterval(() => this.#ping(), PING_EVERY);
  }

  open(): void {
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/v2/chat`, [SUBPROTOCOL]);
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(String(event.data)) as ServerFrame));
    socket.addEventListener("close", (event) => void this.#closed(socket, event.code));
  }

  /** Begins a turn; gives the id under which its frames come. A request id that was used follows the same turn. */
  begin(opening: Opening): string {
    const frameId = crypto.randomUUID();
    this.#turns.set(frameId, { opening, turnId: "", sequence: 0, stopWhenKnown: false });
    this.#write(opening.type, frameId, opening.payload);
    return frameId;
  }

  /** Follows a turn from its first event. */
  follow(turnId: string): string {
    const frameId = crypto.randomUUID();
    this.#turns.set(frameId, { opening: undefined, turnId, sequence: 0, stopWhenKnown: false });
    this.#write("chat.resume", frameId, { turn_id: turnId, after_sequence: 0 });
    return frameId;
  }

  stop(frameId: string): void {
    const turn = this.#turns.get(frameId);
    if (turn === undefined) {
      return;
    }
    turn.stopWhenKnown = turn.turnId === "" || !this.#ready;
    if (!turn.stopWhenKnown) {
      this.#write("chat.cancel", crypto.randomUUID(), { turn_id: turn.turnId });
    }
  }

  /** The turn that is followed under a frame's id; empty until it is known. */
  turnOf(frameId: string): string {
    return this.#turns.get(frameId)?.turnId ?? "";
  }

  /** Stops listening; the turn goes on. */
  leave(frameId: string): void {
    this.#turns.delete(frameId);
  }

  get #ready(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #write(type: string, id: string, payload: object): void {
    if (this.#ready) {
      this.#socket?.send(JSON.stringify({ type, id, timestamp: new Date().toISOString(), payload }));
    }
  }

  #receive(frame: ServerFrame): void {
    this.#heard = performance.now();
    if (frame.type === "connected") {
      this.#pause = SHORTEST_PAUSE;
      this.listener.link("connected");
      this.listener.connected(frame.payload as Connected);
      this.#resumeAll();
      return;
    }
    if (frame.type === "title_update") {
      this.listener.title(frame.payload as TitleUpdate);
      return;
    }
    const turn = this.#turns.get(frame.id);
    if (turn === undefined) {
      return;
    }
    const { turn_id, sequence } = frame.payload as { turn_id?: string; sequence?: number };
    if (turn_id !== undefined && sequence !== undefined) {
      if (sequence <= turn.sequence) {
        return;
      }
      turn.turnId = turn_id;
      turn.sequence = sequence;
    }
    if (LAST_FRAMES.has(frame.type)) {
      this.#turns.delete(frame.id);
    } else if (turn.stopWhenKnown) {
      this.stop(frame.id);
    }
    this.listener.frame(frame.id, { type: frame.type, payload: frame.payload } as TurnFrame);
  }

  #resumeAll(): void {
    for (const [id, turn] of this.#turns) {
      if (turn.turnId !== "") {
        this.#write("chat.resume", id, { turn_id: turn.turnId, after_sequence: turn.sequence });
      } else if (turn.opening !== undefined) {
        this.#write(turn.opening.type, id, turn.opening.payload); // the same request id: the same turn, never a second one
      }
    }
  }

  async #closed(socket: WebSocket, code: number): Promise<void> {
    if (socket !== this.#socket) {
      return;
    }
    this.#socket = undefined;
    this.listener.link("lost");
    if (UNAUTHENTICATED.includes(code) && (await this.rest.renew()) === false) {
      this.listener.link("locked");
      return;
    }
    this.#timer = setTimeout(() => this.open(), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #retryNow(): void {
    this.#pause = SHORTEST_PAUSE;
    if (this.#socket === undefined) {
      this.open();
    }
  }

  /** A socket on which nothing came since the last ping but one is dead, whatever the browser thinks of it. */
  #ping(): void {
    if (!this.#ready || document.hidden) {
      this.#heard = performance.now();
      return;
    }
    if (performance.now() - this.#heard > 2 * PING_EVERY) {
      const dead = this.#socket;
      dead?.close();
      if (dead !== undefined) {
        void this.#closed(dead, 1006);
      }
      return;
    }
    this.#write("ping", crypto.randomUUID(), {});
  }
}
