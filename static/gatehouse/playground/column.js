// One column: which model or prompt is asked, how, and what it answered.

import { begun, failed, heard, show } from "./answer.js";
import { request } from "./asking.js";
import { found } from "./calls.js";
import { messages } from "./messages.js";

let number = 0;

export class Column {
  #stop = null;
  #wanted = "";

  /** `page` has what all share: start, state, lines, changed, redraw, remove and save. */
  constructor(said, page) {
    this.said = said;
    this.page = page;
    this.element = document.getElementById("column").content.cloneNode(true).firstElementChild;
    this.#label();
    this.#fill();
    this.#listen();
    this.draw();
  }

  part = (name) => this.element.querySelector(`[data-part=${name}]`);
  field = (name) => this.element.querySelector(`[data-field=${name}]`);
  button = (name) => this.element.querySelector(`[data-does=${name}]`);

  get isRunning() {
    return Boolean(this.said.answer && !this.said.answer.over);
  }

  name(position) {
    this.element.querySelector("h3").textContent = `Column ${position}`;
    this.element.setAttribute("aria-label", `Column ${position}`);
    for (const does of ["run", "stop", "remove", "save"]) this.button(does).setAttribute("aria-label", `${this.button(does).textContent}, column ${position}`);
    this.part("answer").setAttribute("aria-label", `Answer of column ${position}`);
  }

  #label() {
    for (const field of this.element.querySelectorAll("[data-field]")) {
      field.id = `field-${(number += 1)}`;
      field.parentElement.querySelector("label").htmlFor = field.id;
    }
    const list = this.element.querySelector("datalist");
    list.id = `names-${(number += 1)}`;
    this.field("prompt").setAttribute("list", list.id);
    this.part("prompting").hidden = !this.page.start.may.prompts;
  }

  #fill() {
    const { said } = this;
    this.field("model").replaceChildren(new Option("", ""), ...this.page.start.models.map((model) => new Option(model, model)));
    if (said.model && !this.page.start.models.includes(said.model)) this.field("model").append(new Option(said.model, said.model));
    for (const name of ["model", "temperature", "max_tokens", "system"]) this.field(name).value = said[name];
    this.#wanted = this.field("prompt").value = said.prompt?.name ?? "";
    this.field("own").checked = said.own !== null;
    this.#drawMessages();
    this.#drawPrompt();
  }

  #listen() {
    for (const name of ["model", "temperature", "max_tokens", "system"]) {
      this.field(name).oninput = ({ target }) => {
        this.said[name] = target.validity.valid ? target.value : "";
        this.page.changed();
      };
    }
    this.field("prompt").oninput = () => this.#suggest();
    for (const sign of ["change", "blur"]) this.field("prompt").addEventListener(sign, () => this.#choose());
    this.field("prompt").addEventListener("keydown", ({ key }) => key === "Enter" && this.#choose());
    this.field("edition").onchange = ({ target }) => {
      this.said.edition = target.value;
      this.page.redraw();
    };
    this.field("own").onchange = ({ target }) => {
      this.said.own = target.checked ? structuredClone(this.page.state.shared.messages) : null;
      this.#drawMessages();
      this.page.changed();
    };
    this.button("run").onclick = () => this.run();
    this.button("stop").onclick = () => this.stop();
    this.button("remove").onclick = () => this.page.remove(this);
    this.button("save").onclick = () => this.page.save(this);
  }

  #drawMessages() {
    this.part("messages").hidden = this.said.own === null;
    if (this.said.own !== null) messages(this.part("messages"), this.said.own, this.page.changed);
  }

  #drawPrompt() {
    const { prompt } = this.said;
    this.part("editions").hidden = !prompt;
    this.part("system").hidden = Boolean(prompt);
    this.field("model").options[0].textContent = prompt ? "The prompt's own" : "The default model";
    if (!prompt) return;
    const versions = prompt.versions.map((one) => new Option(one.note ? `${one.number}: ${one.note}` : `Version ${one.number}`, `version:${one.number}`));
    const labels = prompt.labels.map((label) => new Option(label, `label:${label}`));
    const known = [...labels, ...versions];
    if (!known.some(({ value }) => value === this.said.edition)) known.push(new Option(this.said.edition.replace(":", " "), this.said.edition));
    this.field("edition").replaceChildren(...known);
    this.field("edition").value = this.said.edition;
  }

  async #suggest() {
    const words = this.field("prompt").value;
    this.#wanted = null;
    const names = await this.#names(words).catch(() => []);
    if (this.field("prompt").value === words) this.element.querySelector("datalist").replaceChildren(...names.map(({ name }) => new Option(name)));
  }

  async #names(words) {
    const { prompts } = this.page.start.addresses;
    return (await found(`${prompts}?${new URLSearchParams({ organisation: this.page.state.organisation, q: words })}`)).prompts;
  }

  async #choose() {
    const name = this.field("prompt").value.trim();
    if (name === this.#wanted) return;
    this.#wanted = name;
    const fault = (message) => this.field("prompt").setCustomValidity(message);
    fault("");
    this.said.prompt = null;
    this.said.edition = "";
    try {
      if (name) {
        const row = (await this.#names(name)).find((one) => one.name === name);
        if (!row) throw new Error(`There is no prompt ${name} with a version.`);
        this.said.prompt = await found(this.page.start.addresses.prompt.replace("/0/", `/${row.id}/`));
        this.said.edition = `version:${this.said.prompt.versions[0].number}`;
        this.said.model = this.field("model").value = this.said.prompt.versions[0].model ? "" : this.said.model;
      }
    } catch (error) {
      fault(error.message);
      this.field("prompt").reportValidity();
    }
    this.#drawPrompt();
    this.page.redraw();
  }

  async run() {
    if (this.isRunning) return;
    const answer = (this.said.answer = begun());
    this.page.changed(this.draw());
    try {
      const asked = request(this.said, this.page.state.shared);
      answer.asked = asked.prompt && { prompt: this.said.prompt.id, name: asked.prompt.name, variables: asked.prompt.variables };
      this.#stop = () => (answer.unwanted = true);
      const stop = await this.page.lines.ask(this.page.state.organisation, asked, (message) => {
        heard(answer, message);
        this.page.changed(this.draw());
      });
      if (answer.unwanted) stop();
      this.#stop = stop;
    } catch (error) {
      failed(answer, error.message);
      this.page.changed(this.draw());
    }
  }

  stop() {
    if (this.isRunning) this.#stop?.();
  }

  /** Leaves nothing on its way behind. */
  leave() {
    this.stop();
    this.element.remove();
  }

  draw() {
    show(this.said.answer, this.part, this.page.start.addresses.record);
    const [run, stop] = [this.button("run"), this.button("stop")];
    const left = this.isRunning ? run : stop;
    const entered = this.isRunning ? stop : run;
    entered.disabled = false;
    if (document.activeElement === left) entered.focus();
    left.disabled = true;
    const { answer } = this.said;
    this.button("save").hidden = !(answer?.state === "finished" && answer.asked && this.page.start.may.save);
  }
}
