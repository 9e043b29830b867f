// The connection to the edge: frames out, frames in, and coming back after a cut without losing or repeating anything.
// Knows nothing of the page.

const SUBPROTOCOL = "soma.edge.v1.json";
const LONGEST_PAUSE = 8000;

export class Connection {
  #socket = null;
  #handlers;
  #pause = 250;
  #turns = new Map(); // frame id -> {send, turnId, sequence}

  constructor(handlers) {
    this.#handlers = handlers;
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/v2/chat`, [SUBPROTOCOL]);
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#closed(event));
  }

  get ready() {
    return this.#socket !== null && this.#socket.readyState === WebSocket.OPEN;
  }

  say(payload) {
    const frameId = crypto.randomUUID();
    this.#turns.set(frameId, { send: { ...payload, request_id: crypto.randomUUID() }, turnId: "", sequence: 0 });
    this.#write("chat.send", frameId, this.#turns.get(frameId).send);
    return frameId;
  }

  follow(turnId) {
    const frameId = crypto.randomUUID();
    this.#turns.set(frameId, { send: null, turnId, sequence: 0 });
    this.#write("chat.resume", frameId, { turn_id: turnId, after_sequence: 0 });
    return frameId;
  }

  stop(frameId) {
    const turn = this.#turns.get(frameId);
    if (turn !== undefined && turn.turnId !== "") {
      this.#write("chat.cancel", `${frameId.slice(0, 30)}-stop`, { turn_id: turn.turnId });
    } else if (turn !== undefined) {
      turn.stopWhenKnown = true;
    }
  }

  #write(type, id, payload) {
    if (this.ready) {
      this.#socket.send(JSON.stringify({ type, id, timestamp: new Date().toISOString(), payload }));
    }
  }

  #receive(frame) {
    const { type, id, payload } = frame;
    if (type === "connected") {
      this.#pause = 250;
      this.#handlers.connected(payload);
      this.#resumeAll();
      return;
    }
    const turn = this.#turns.get(id);
    if (turn !== undefined && payload.turn_id && payload.sequence) {
      if (payload.sequence <= turn.sequence) {
        return;
      }
      turn.turnId = payload.turn_id;
      turn.sequence = payload.sequence;
      if (turn.stopWhenKnown) {
        turn.stopWhenKnown = false;
        this.stop(id);
      }
    }
    if (["chat.done", "chat.failed", "chat.cancelled", "error"].includes(type)) {
      this.#turns.delete(id);
    }
    this.#handlers.frame(type, id, payload);
  }

  #resumeAll() {
    for (const [id, turn] of this.#turns) {
      if (turn.turnId !== "") {
        this.#write("chat.resume", id, { turn_id: turn.turnId, after_sequence: turn.sequence });
      } else if (turn.send !== null) {
        this.#write("chat.send", id, turn.send); // the same request id: the same turn, never a second one
      }
    }
  }

  async #closed(event) {
    this.#socket = null;
    this.#handlers.lost(this.#turns.size > 0);
    if (event.code === 4001 || event.code === 4003) {
      const renewed = await fetch("/api/v1/auth/session", { credentials: "same-origin" }).catch(() => null);
      if (renewed !== null && !renewed.ok) {
        this.#handlers.locked();
        return;
      }
    }
    setTimeout(() => this.open(), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }
}
