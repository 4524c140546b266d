// The reviewer's walk: one claim at a time, in random order. Nothing leaves the browser.
(function () {
  const walk = document.getElementById("walk");
  if (!walk) return;
  const claims = Array.from(walk.querySelectorAll(".walk-claim"));
  let place = 0;

  for (let last = claims.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [claims[last], claims[other]] = [claims[other], claims[last]];
  }

  function made(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function button(textContent, properties) {
    return made("button", { type: "button", className: "action", textContent, ...properties });
  }

  function issue(claim, own, judged) {
    const title = claim.querySelector("strong").textContent.replace(/\.\s*$/, "");
    const ours = claim.querySelector(".ours p").textContent.trim();
    return [
      "Claim: " + title + " (" + claim.dataset.claim + ")",
      "Edition: " + walk.dataset.edition,
      "My own result: " + (own || "(none given)"),
      "The brief: " + ours,
      "I " + judged + ".",
      "Why: ",
    ].join("\n");
  }

  function prepare(claim) {
    const number = claim.dataset.claim;
    const own = made("input", { type: "text", id: "own-" + number, autocomplete: "off" });
    const label = made("label", { htmlFor: own.id, textContent: "Your own result: " });
    const text = made("textarea", { rows: 7, readOnly: false, hidden: true });
    text.setAttribute("aria-label", "Text for an issue");
    text.style.width = "100%";
    const said = made("span", {});
    said.setAttribute("role", "status");
    const copy = button("Copy", { hidden: true });
    copy.addEventListener("click", () => {
      text.select();
      const done = () => (said.textContent = " Copied.");
      if (navigator.clipboard) navigator.clipboard.writeText(text.value).then(done, () => {});
      else if (document.execCommand("copy")) done();
    });
    const ours = claim.querySelector(".ours");
    const judge = (word) =>
      button("I " + word, {
        onclick: () => {
          ours.open = true;
          text.value = issue(claim, own.value.trim(), word);
          text.hidden = copy.hidden = false;
          said.textContent = "";
        },
      });
    ours.before(made("p", { className: "walk-own" }, label, own));
    ours.after(made("p", {}, judge("agree"), " ", judge("dispute this")), text, copy, said);
  }

  function show() {
    claims.forEach((claim, index) => (claim.hidden = index !== place));
    where.textContent = "Claim " + (place + 1) + " of " + claims.length;
    back.disabled = place === 0;
    next.disabled = place === claims.length - 1;
  }

  function step(by) {
    place += by;
    show();
    where.focus();
  }

  const where = made("strong", { tabIndex: -1 });
  const back = button("Back", { onclick: () => step(-1) });
  const next = button("Next claim", { onclick: () => step(1) });
  claims.forEach((claim) => {
    prepare(claim);
    walk.append(claim);
  });
  walk.prepend(made("p", { className: "walk-steps" }, where, " ", back, " ", next));
  show();
})();
