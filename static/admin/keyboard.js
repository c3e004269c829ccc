// What the admin's dress lets a mouse click, a keyboard can reach and press: it makes buttons of spans and links that
// lead nowhere.
"use strict";

const NAMES = { dock_to_right: "Show or hide the navigation", unfold_more: "Account" };
const CLICKED = "[x-on\\:click]:not(button):not(a[href]):not(input):not(#changelist-filter-close)";

function named(element) {
  const icon = element.textContent.trim();
  if (NAMES[icon]) element.setAttribute("aria-label", NAMES[icon]);
}

function press(event) {
  if (event.target === event.currentTarget && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    event.currentTarget.click();
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll(CLICKED)) {
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    element.addEventListener("keydown", press);
    named(element);
  }
});
