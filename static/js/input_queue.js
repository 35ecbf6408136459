// What was done on the picture, on its way up: in order, one request at a time, the rest together in the next one.

import { csrf } from "./csrf.js";
import { newKey } from "./keys.js";
import { pageId } from "./page_id.js";

const MOST = 64;
/** Letters typed within this time go together. */
const TYPING = 150;
const ATTEMPTS = 3;
const RETRY = 400;
const ANSWER = 8000;

export class InputQueue {
  #waiting = [];
  #ordinal = 0;
  #age = null;
  #timer = 0;
  #sending = null;

  /** `onEnd(inputs, why)` hears what became of each batch; `why` is empty where it was taken. */
  constructor({ url, onEnd }) {
    this.url = url;
    this.onEnd = onEnd;
  }

  /** Control has come to this page: its batches are counted from here. */
  begin(ordinal) {
    this.#ordinal = ordinal;
    this.#waiting = [];
  }

  put(input, age) {
    const last = this.#waiting.at(-1);
    if (input.kind === "type" && last?.kind === "type") {
      last.text += input.text;
      last.marks.push(...input.marks);
    } else {
      this.#waiting.push(input);
    }
    this.#age = age;
    clearTimeout(this.#timer);
    if (input.kind === "type") this.#timer = setTimeout(() => this.flush(), TYPING);
    else this.flush();
  }

  /** Send what waits; the answer comes when nothing does any more. */
  flush() {
    clearTimeout(this.#timer);
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #sendAll() {
    while (this.#waiting.length) {
      const inputs = this.#waiting.splice(0, MOST);
      const why = await this.#send(inputs);
      // What comes after a lost click would land somewhere else.
      const lost = why ? this.#waiting.splice(0) : [];
      this.onEnd([...inputs, ...lost], why);
    }
  }

  async #send(inputs) {
    const body = JSON.stringify({
      page: pageId,
      ordinal: this.#ordinal + 1,
      age: this.#age,
      inputs: inputs.map(({ marks, ...input }) => input),
    });
    const headers = { ...csrf(), "Content-Type": "application/json", "Idempotency-Key": newKey() };
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const why = await this.#ask({ body, headers });
      if (why !== null) return why;
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
    return "The dashboard cannot be reached: look whether it was done.";
  }

  /** The server's word, empty where it took the batch; null where none came, so that the same may be asked again. */
  async #ask(options) {
    try {
      const signal = AbortSignal.timeout(ANSWER);
      const response = await fetch(this.url, { method: "POST", redirect: "manual", signal, ...options });
      if (response.type === "opaqueredirect") return "You are signed out: nothing was sent.";
      if (response.status >= 500) return null;
      const { message, ordinal } = await response.json();
      this.#ordinal = ordinal ?? this.#ordinal;
      return message;
    } catch {
      return null;
    }
  }
}
