// What the admin's dress lets a mouse click, a keyboard can reach and press, and what can be reached has a name: spans
// and links that lead nowhere become buttons, and searched lists are called what their labels say.
"use strict";

const NAMES = { dock_to_right: "Show or hide the navigation", unfold_more: "Account", more_horiz: "More" };
const CLICKED = "[x-on\\:click]:not(button):not(a[href]):not(input):not([role]):not(#changelist-filter-close)";

function press(event) {
  if (event.target === event.currentTarget && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    event.currentTarget.click();
  }
}

function makeButton(element) {
  const name = NAMES[element.textContent.trim()];
  if (name) element.setAttribute("aria-label", name);
  element.tabIndex = 0;
  element.setAttribute("role", "button");
  element.addEventListener("keydown", press);
}

function nameSearched(select) {
  const label = select.labels[0]?.textContent.replace("*", "").trim() || select.getAttribute("aria-label");
  const parts = select.parentElement.querySelectorAll("[role=combobox], [role=textbox], input.select2-search__field");
  for (const part of parts) part.setAttribute("aria-label", label || "Search");
}

function reach() {
  document.querySelectorAll(CLICKED).forEach(makeButton);
  document.querySelectorAll("select.select2-hidden-accessible").forEach(nameSearched);
}

document.addEventListener("DOMContentLoaded", () => {
  reach();
  new MutationObserver(reach).observe(document.body, { childList: true, subtree: true }); // rows and lists come later
});
