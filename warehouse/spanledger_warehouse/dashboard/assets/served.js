"use strict";
// The page behind the server: asks for a token once per tab, then for the data set, and anew while somebody looks.
const Served = {
  ADDRESS: "/api/v1/analytics/llm-costs/dashboard",
  ANEW_EVERY: 60000,
  WINDOWS: [7, 14, 30, 90],

  start() {
    const form = document.querySelector("#sign-in");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem("spanledger-token", form.elements.token.value.trim());
      Served.load();
    });
    setInterval(() => Page.data && !document.hidden && Served.load(), Served.ANEW_EVERY);
    if (sessionStorage.getItem("spanledger-token")) Served.load();
    else form.hidden = false;
  },

  // Draws only what is new: another version of the ledger, or another window.
  async load() {
    const form = document.querySelector("#sign-in");
    const days = Number(new URLSearchParams(location.hash.slice(1)).get("days")) || 30;
    const answer = await fetch(`${Served.ADDRESS}?days=${days}`, {
      headers: { Authorization: `Bearer ${sessionStorage.getItem("spanledger-token")}` },
    });
    form.hidden = answer.ok;
    if (!answer.ok) {
      const known = answer.status === 401 ? "This token is not known, expired or revoked." : `The server answered ${answer.status}.`;
      document.querySelector("#sign-in-error").textContent = known;
      return;
    }
    const data = await answer.json();
    if (Page.data?.publication.version !== data.publication.version || Page.data.scope.days !== data.scope.days) Page.show(data);
  },
};
