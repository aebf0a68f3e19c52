"use strict";
// The page behind the server: asks for a token once per tab, then for the data set, anew when the server has a newer one.
const Served = {
  ADDRESS: "/api/v1/analytics/llm-costs/dashboard",

  start() {
    const form = document.querySelector("#sign-in");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem("spanledger-token", form.elements.token.value.trim());
      Served.load();
    });
    if (sessionStorage.getItem("spanledger-token")) Served.load();
    else form.hidden = false;
  },

  async load() {
    const form = document.querySelector("#sign-in");
    const days = new URLSearchParams(location.hash.slice(1)).get("days") ?? "30";
    const answer = await fetch(`${Served.ADDRESS}?days=${encodeURIComponent(days)}`, {
      headers: { Authorization: `Bearer ${sessionStorage.getItem("spanledger-token")}` },
    });
    form.hidden = answer.ok;
    if (answer.ok) Page.show(await answer.json());
    else document.querySelector("#sign-in-error").textContent = answer.status === 401 ? "This token is not known, expired or revoked." : `The server answered ${answer.status}.`;
  },
};
