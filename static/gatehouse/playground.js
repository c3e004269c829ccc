// The playground: up to four columns that are asked the same over one socket.

import { Column } from "./playground/column.js";
import { messages } from "./playground/messages.js";
import { saving } from "./playground/saving.js";
import { Lines } from "./playground/socket.js";
import { MOST, blank, fresh, keep, kept, opened } from "./playground/state.js";
import { variables } from "./playground/variables.js";

const at = (id) => document.getElementById(id);

class Page {
  constructor(start) {
    this.start = start;
    this.state = start.opening?.column ? opened(start) : (kept(start) ?? fresh(start));
    this.lines = new Lines(start.addresses.token);
    this.ask = saving(start.addresses.examples);
    this.columns = [];
    this.#listen();
    this.#draw();
    this.#note(start.opening?.note);
    history.replaceState(null, "", location.pathname);
  }

  /** Something was written or said: keep it, and count. Several changes in one turn are one. */
  changed = () => {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      keep(this.start, this.state);
    }, 100);
    this.#tally();
  };

  redraw = () => {
    variables(at("variables"), this.state, this.changed);
    this.changed();
  };

  remove = (column) => {
    column.leave();
    this.columns = this.columns.filter((one) => one !== column);
    this.state.columns = this.columns.map(({ said }) => said);
    this.#name();
    this.redraw();
    at("add").focus();
  };

  save = (column) => this.ask(column, (told) => (at("tally").textContent = told));

  #listen() {
    at("organisation").onchange = ({ target }) => this.changed((this.state.organisation = Number(target.value)));
    at("bench").onsubmit = (event) => this.#runAll(event.preventDefault());
    at("bench").onkeydown = (event) => {
      if (event.key !== "Enter") return;
      const all = event.ctrlKey || event.metaKey;
      if (all || event.target.matches("input")) event.preventDefault();
      if (all) this.#runAll();
    };
    at("stop-all").onclick = () => this.columns.forEach((column) => column.stop());
    at("add").onclick = () => this.#add();
    at("clear").onclick = () => {
      this.columns.forEach((column) => column.leave());
      this.state = { ...fresh(this.start), organisation: this.state.organisation };
      this.#note();
      this.#draw();
      at("messages").querySelector("textarea").focus();
    };
    addEventListener("pagehide", () => keep(this.start, this.state));
  }

  #runAll() {
    this.columns.forEach((column) => column.run());
  }

  #add() {
    const last = this.state.columns.at(-1);
    const said = last ? { ...structuredClone(last), answer: null } : blank(this.start.default_model ?? "");
    this.state.columns.push(said);
    const column = this.#append(said);
    this.#name();
    this.redraw();
    column.field("model").focus();
  }

  #append(said) {
    const column = new Column(said, this);
    this.columns.push(column);
    at("columns").append(column.element);
    return column;
  }

  #name() {
    this.columns.forEach((column, index) => column.name(index + 1));
    at("add").disabled = this.columns.length >= MOST;
  }

  #draw() {
    if (this.start.organisations.some(({ id }) => id === this.state.organisation)) at("organisation").value = this.state.organisation;
    else this.state.organisation = Number(at("organisation").value);
    messages(at("messages"), this.state.shared.messages, this.changed);
    this.columns = [];
    at("columns").replaceChildren();
    this.state.columns.forEach((said) => this.#append(said));
    this.#name();
    this.redraw();
  }

  #note(text = "") {
    at("note").textContent = text;
    at("note").hidden = !text;
  }

  #tally() {
    const running = this.columns.filter((column) => column.isRunning).length;
    const over = this.columns.filter(({ said }) => said.answer?.over).length;
    at("tally").textContent = running ? `${running} on the way, ${over} over.` : "";
    at("stop-all").disabled = !running;
    at("organisation").disabled = Boolean(running);
  }
}

if (at("bench")) new Page(JSON.parse(at("start").textContent));
