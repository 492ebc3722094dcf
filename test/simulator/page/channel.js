// The page's connection to the simulated servers: calls in both directions over one WebSocket.

const RETRY_MS = 100;

/** What is asked again when the connection was lost before the answer; everything else fails then. */
const REPEATED = ['send', 'step', 'state'];

export class Channel {
  #socket = null;
  #seq = 0;
  #pending = new Map();
  #handlers = {};
  #ready = false;
  #hello;
  #onDown;

  /**
   * @param handlers what the server may call, by name
   * @param hello called for every connection before anything else is sent; gets `call`
   * @param onDown called when a connection that was up is lost
   */
  constructor(handlers, hello, onDown) {
    this.#handlers = handlers;
    this.#hello = hello;
    this.#onDown = onDown;
  }

  open() {
    const socket = new WebSocket(`wss://${location.host}/__sim/socket`);
    this.#socket = socket;
    socket.onmessage = ({ data }) => void this.#receive(JSON.parse(data));
    socket.onopen = async () => {
      await this.#hello((name, args) => this.#request(name, args, true)).catch(() => socket.close());
      if (socket.readyState !== WebSocket.OPEN) return;
      this.#ready = true;
      for (const pending of this.#pending.values()) this.#ask(pending);
    };
    socket.onclose = () => {
      if (this.#ready) this.#onDown();
      this.#ready = false;
      this.#failUnanswered();
      setTimeout(() => this.open(), RETRY_MS);
    };
  }

  /** Asks the server. While the connection is down the call waits for it, as WhatsApp's own queue does. */
  call(name, args = {}) {
    return this.#request(name, args, false);
  }

  #request(name, args, urgent) {
    const frame = { call: name, args, seq: ++this.#seq };
    return new Promise((resolve, reject) => {
      const pending = { frame, resolve, reject, asked: false };
      this.#pending.set(frame.seq, pending);
      if (this.#ready || urgent) this.#ask(pending);
    });
  }

  #ask(pending) {
    pending.asked = true;
    this.#post(pending.frame);
  }

  #failUnanswered() {
    for (const [seq, { frame, asked, reject }] of this.#pending) {
      if (!asked || REPEATED.includes(frame.call)) continue;
      this.#pending.delete(seq);
      reject(new Error(`${frame.call}: connection lost`));
    }
  }

  #post(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  async #receive(frame) {
    if (frame.call === undefined) {
      const pending = this.#pending.get(frame.seq);
      this.#pending.delete(frame.seq);
      if (frame.error)
        pending?.reject(Object.assign(new Error(frame.error.message), serverError(frame.error)));
      else pending?.resolve(frame.result);
      return;
    }
    const answer = { seq: frame.seq };
    try {
      answer.result = await this.#handlers[frame.call](frame.args);
    } catch (error) {
      answer.error = { message: String(error?.message ?? error) };
    }
    this.#post(answer);
  }
}

/** What WhatsApp Web throws when its server says no. */
function serverError({ code }) {
  return { name: 'ServerStatusCodeError', code };
}
