// Questions to the page's own host, and its errors as one sentence or two.

export const worded = ({ message, hint }) => [message, hint].filter(Boolean).join(" ");

export function signed(address, body) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  return answered(fetch(address, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", "x-csrftoken": token } }));
}

export const found = (address) => answered(fetch(address));

async function answered(asking) {
  let response;
  try {
    response = await asking;
  } catch {
    throw new Error("The gateway cannot be reached.");
  }
  const told = await response.json().catch(() => null);
  if (response.ok && told) return told;
  throw new Error(told?.error ? worded(told.error) : `The gateway answered with status ${response.status}. Load the page again.`);
}
