// What the server says of the form as it stands: problems, messages as sent, tokens and cost. Text is only ever text.
const LATER = 150;

function made(name, text, properties = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  return Object.assign(element, properties);
}

export class Preview {
  constructor(form, heard) {
    this.form = form;
    this.heard = heard;
    this.values = {};
    this.asked = 0;
    document.getElementById("weigh").addEventListener("change", () => this.soon());
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), LATER);
  }

  async ask() {
    const number = ++this.asked;
    this.going?.abort();
    this.going = new AbortController();
    const body = new FormData(this.form);
    body.set("values", JSON.stringify(this.values));
    body.set("weigh", document.getElementById("weigh").value);
    try {
      const answer = await fetch(this.form.dataset.preview, { method: "POST", body, signal: this.going.signal, redirect: "manual" });
      const told = answer.ok ? await answer.json() : null;
      if (number !== this.asked) return;
      if (told) this.show(told);
      else this.say("The preview is refused. Your session may have ended: sign in again in another tab.", "bad");
    } catch (error) {
      if (error.name !== "AbortError") this.say("The preview cannot be had just now. What you type is kept in this browser.", "bad");
    }
  }

  say(text, level = "") {
    const state = document.getElementById("state");
    if (state.textContent !== text) state.textContent = text;
    state.className = level || "quiet";
  }

  // Nobody who has not begun yet is told what is wrong.
  get isBegun() {
    return [...this.form.querySelectorAll("textarea[data-template]")].some(({ value }) => value.trim());
  }

  show(said) {
    const told = this.isBegun ? said : { ...said, problems: [], messages: [], weight: null };
    const wrong = told.problems.filter(({ level }) => level === "error").length;
    const doubtful = told.problems.length - wrong;
    const counted = [wrong && `${wrong} ${wrong > 1 ? "errors" : "error"}`, doubtful && `${doubtful} ${doubtful > 1 ? "warnings" : "warning"}`].filter(Boolean);
    if (told.refusal && !wrong) counted.unshift("A value does not fit");
    if (this.isBegun) this.say(counted.length ? `${counted.join(" and ")}.` : "Nothing is wrong.", wrong || told.refusal ? "bad" : doubtful ? "odd" : "good");
    else this.say("Write a message: here you see what would be sent.");
    this.showProblems(told.problems);
    if (told.variables) this.showValues(told.variables, told.refusal);
    this.showMessages(told);
    this.showWeight(told.weight);
    this.heard(told);
  }

  showProblems(problems) {
    const list = document.getElementById("problems");
    list.replaceChildren(...problems.map((problem) => {
      const item = made("li", "", { className: problem.level });
      const button = made("button", `${problem.field ? `${this.named(problem.field)}: ` : ""}${problem.text}`, { type: "button" });
      button.addEventListener("click", () => this.goTo(problem));
      item.append(button);
      return item;
    }));
  }

  named(field) {
    const row = /^(message|variable)s-(\d+)-/.exec(field);
    return row ? `${row[1][0].toUpperCase()}${row[1].slice(1)} ${Number(row[2]) + 1}` : (this.form.elements[field]?.labels?.[0]?.textContent.replace(/:$/, "") ?? field);
  }

  showMessages({ messages, refusal }) {
    const sent = document.getElementById("sent");
    if (refusal) sent.replaceChildren(made("p", refusal.message, { className: "alert" }));
    sent.classList.toggle("stale", !messages && !refusal);
    if (!messages) return;
    sent.replaceChildren(...messages.map(({ role, content }) => {
      const turn = made("article", "", { className: "turn" });
      const parts = typeof content === "string" ? [{ type: "text", text: content }] : content;
      turn.append(made("h4", role), ...parts.map((part) =>
        part.type === "text" ? made("pre", part.text, { className: "text", tabIndex: 0, dir: "auto" }) : made("p", `Image: ${String(part.image).slice(0, 200)}`, { className: "kind text" })));
      return turn;
    }));
  }

  showWeight(weight) {
    const list = document.getElementById("weight");
    list.hidden = !weight;
    if (!weight) return;
    const told = {
      prompt_tokens: `${weight.exact ? "" : "about "}${weight.prompt_tokens.toLocaleString("en-GB")} tokens`,
      completion_tokens: `${weight.completion_tokens.toLocaleString("en-GB")} tokens`,
      cost: weight.cost === null ? "price unknown" : `${weight.cost} USD`,
    };
    for (const place of list.querySelectorAll("[data-weight]")) place.textContent = told[place.dataset.weight];
  }

  // One field for each variable; those that are there stay, so that nobody is interrupted while typing.
  showValues(variables, refusal) {
    const place = document.querySelector("#values > div");
    place.parentElement.hidden = !variables.length;
    const kind = JSON.stringify(variables.map(({ name, type, choices, description }) => [name, type, choices, description]));
    if (kind !== this.kind) {
      this.kind = kind;
      for (const name of Object.keys(this.values)) if (!variables.some((each) => each.name === name)) delete this.values[name];
      place.replaceChildren(...variables.map((variable, index) => this.field(variable, index)));
    }
    for (const { name, value } of variables) {
      const input = place.querySelector(`[data-value="${CSS.escape(name)}"]`);
      if (!(name in this.values) && document.activeElement !== input) this.fill(input, value);
      const wrong = refusal?.param?.split(/[.[]/)[1] === name;
      input.setAttribute("aria-invalid", wrong);
    }
  }

  field({ name, type, choices, description }, index) {
    const box = made("div", "", { className: "field" });
    const input = type === "boolean" || choices ? made("select", "") : ["array", "object", "string"].includes(type) ? made("textarea", "", { rows: type === "string" ? 1 : 3 }) : made("input", "", { type: type === "image" ? "url" : "text", inputMode: type === "image" ? "url" : "decimal" });
    for (const choice of type === "boolean" ? ["true", "false"] : (choices ?? [])) input.append(made("option", choice, { value: choice }));
    input.id = `value-${index}`;
    input.dataset.value = name;
    input.addEventListener("input", () => {
      this.values[name] = input.value;
      this.soon();
    });
    const label = made("label", `${name} `, { htmlFor: input.id });
    label.append(made("small", [type, description].filter(Boolean).join(", ")));
    box.append(label, input);
    return box;
  }

  fill(input, value) {
    if (input.tagName === "SELECT" && ![...input.options].some((option) => option.value === value)) input.prepend(made("option", value || "none", { value }));
    if (input.value !== value) input.value = value;
  }
}
