// A list of messages to write, each with a role.

import { said } from "./state.js";

let number = 0;

export function messages(place, list, changed) {
  const draw = (focus) => {
    place.replaceChildren(...list.map((message, index) => row(message, index)), adding());
    place.querySelectorAll("textarea")[focus]?.focus();
  };
  const row = (message, index) => {
    const piece = document.getElementById("message").content.cloneNode(true);
    const [label, role, text, remove] = ["label", "select", "textarea", "button"].map((one) => piece.querySelector(one));
    role.id = `role-${(number += 1)}`;
    label.htmlFor = role.id;
    label.textContent = `Message ${index + 1} is by`;
    text.setAttribute("aria-label", `Message ${index + 1}`);
    remove.setAttribute("aria-label", `Remove message ${index + 1}`);
    role.value = message.role;
    text.value = message.content;
    role.onchange = () => changed((message.role = role.value));
    text.oninput = () => changed((message.content = text.value));
    remove.onclick = () => {
      list.splice(index, 1);
      draw();
      place.querySelector(":scope > p button").focus();
      changed();
    };
    return piece;
  };
  const adding = () => {
    const add = Object.assign(document.createElement("button"), { type: "button", textContent: "Add a message" });
    add.onclick = () => {
      list.push(said(list.at(-1)?.role === "user" ? "assistant" : "user"));
      draw(list.length - 1);
      changed();
    };
    const line = document.createElement("p");
    line.append(add);
    return line;
  };
  draw();
}
