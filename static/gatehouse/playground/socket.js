// One socket for all columns, opened when it is wanted and again before its token ends.

import { signed } from "./calls.js";

const CLOSING = {
  1001: "The gateway is being stopped. Run it again.",
  1006: "The connection broke off.",
  4401: "The gateway no longer takes this page's token. Run it again.",
  4403: "The gateway does not let this page in.",
  4429: "Too many connections or answers are open.",
};
const AHEAD = 60_000; // milliseconds of a token's life within which a new one is made
const TRIES = 4;
const PAUSE = 1_000; // a page's new address is known everywhere within seconds

export class Lines {
  #address;
  #line = null;
  #number = 0;

  constructor(address) {
    this.#address = address;
  }

  /** Asks, and tells `heard` each message until one that ends it; the function that is returned stops it. */
  async ask(organisation, request, heard) {
    const line = await this.#open(organisation);
    const id = `c${(this.#number += 1)}`;
    line.hearing.set(id, heard);
    line.socket.send(JSON.stringify({ type: "generate", id, request }));
    return () => line.socket.readyState === WebSocket.OPEN && line.socket.send(JSON.stringify({ type: "cancel", id }));
  }

  /** Those who ask while it opens share it. */
  #open(organisation) {
    const good = this.#line && !this.#line.closed && this.#line.organisation === organisation && this.#line.ends - Date.now() > AHEAD;
    if (!good) {
      this.#line?.retire();
      this.#line = new Line(organisation);
      this.#line.ready = this.#line.connect(this.#address);
    }
    return this.#line.ready;
  }
}

class Line {
  hearing = new Map();
  closed = false;
  ends = Infinity;
  retired = false;

  constructor(organisation) {
    this.organisation = organisation;
  }

  async connect(address) {
    try {
      const made = await signed(address, { organisation: this.organisation });
      this.ends = Date.parse(made.expires_at);
      for (let left = TRIES; ; ) {
        try {
          return await this.#dial(made.token);
        } catch (error) {
          if ((left -= 1) === 0 || error.code !== 4403) throw error;
          await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      }
    } catch (error) {
      this.closed = true;
      throw error;
    }
  }

  /** A handshake that is refused looks to a page like a connection that broke. */
  #dial(token) {
    const socket = (this.socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/v1/generate/`, "gatehouse.v1"));
    return new Promise((resolve, reject) => {
      let ready = false;
      socket.onopen = () => socket.send(JSON.stringify({ type: "authenticate", key: token }));
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === "ready") {
          ready = true;
          resolve(this);
        } else this.#tell(message);
      };
      socket.onclose = ({ code }) => {
        if (ready) return this.#end(code);
        const refused = code === 1006 ? 4403 : code;
        reject(Object.assign(new Error(CLOSING[refused] ?? `The connection was closed (${code}).`), { code: refused }));
      };
    });
  }

  #tell(message) {
    const heard = this.hearing.get(message.id);
    if (["done", "cancelled", "error"].includes(message.type)) this.hearing.delete(message.id);
    heard?.(message);
    if (this.retired && !this.hearing.size) this.socket.close();
  }

  #end(code) {
    this.closed = true;
    const error = { message: CLOSING[code] ?? `The connection was closed (${code}).` };
    for (const heard of this.hearing.values()) heard({ type: "error", error });
    this.hearing.clear();
  }

  /** What runs on it comes to its end. */
  retire() {
    this.retired = true;
    if (!this.hearing.size) this.socket?.close();
  }
}
