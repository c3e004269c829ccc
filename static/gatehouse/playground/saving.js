// From an answer to an example of its prompt.

import { signed } from "./calls.js";

export function saving(address) {
  const dialog = document.getElementById("saving");
  const [name, expected] = [document.getElementById("saving-name"), document.getElementById("saving-expected")];
  const fault = dialog.querySelector("[role=alert]");
  const form = dialog.querySelector("form");
  dialog.querySelector("[data-does=close]").onclick = () => dialog.close();

  return ({ said: { answer } }, saved) => {
    dialog.querySelector("[data-part=prompt]").textContent = answer.asked.name;
    name.value = "";
    expected.value = answer.text;
    fault.hidden = true;
    form.onsubmit = async (event) => {
      event.preventDefault();
      const { prompt, variables } = answer.asked;
      try {
        await signed(address, { prompt, name: name.value.trim(), variables, expected: expected.value, source: answer.generation });
        dialog.close();
        saved(`${name.value.trim()} is an example of ${answer.asked.name} now.`);
      } catch (error) {
        fault.textContent = error.message;
        fault.hidden = false;
      }
    };
    dialog.showModal();
  };
}
