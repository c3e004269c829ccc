// A button with `data-copies` puts the text of the element it names on the clipboard, and says so.
"use strict";

async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand("copy"); // pages without TLS have no clipboard
  }
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    button.textContent = (await copied(source)) ? "Copied" : "Press Ctrl+C";
  });
}
