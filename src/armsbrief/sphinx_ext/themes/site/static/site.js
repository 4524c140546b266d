// What a script adds to pages that are whole without one: the scheme, receipts in place, the
// filter of the board, the trial of a claim, live charts, search. Nothing is computed here:
// every value comes from files that the build wrote. They are scripts, not JSON, because a
// browser fetches nothing over file://.
(function () {
  "use strict";
  var root = document.documentElement.dataset.root || "";
  var waiting = {}, known = {};
  var all = function (selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  };
  var one = function (selector, within) { return (within || document).querySelector(selector); };

  function make(tag, attributes, content) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    (content || []).forEach(function (part) { element.append(part); });
    return element;
  }

  // A data file calls this with its own address from the root of the site.
  window.armsbrief = function (address, value) {
    known[address] = value;
    (waiting[address] || []).forEach(function (tell) { tell(value); });
    delete waiting[address];
  };

  function load(address, bare) {
    return new Promise(function (resolve, reject) {
      if (address in known) return resolve(known[address]);
      if (!bare) (waiting[address] = waiting[address] || []).push(resolve);
      var script = make("script", { src: root + address });
      script.onerror = reject;
      if (bare) script.onload = function () { known[address] = true; resolve(true); };
      document.head.append(script);
    });
  }

  function announce(text) {
    var box = one("#announcer") || make("p", { id: "announcer", role: "status", class: "unseen" });
    document.body.append(box);
    box.textContent = "";
    setTimeout(function () { box.textContent = text; }, 50);
  }

  // The scheme -----------------------------------------------------------------------------
  function scheme() {
    var button = one("#scheme"), page = document.documentElement;
    var system = matchMedia("(prefers-color-scheme: dark)");
    function dark() { return page.dataset.theme ? page.dataset.theme === "dark" : system.matches; }
    function name() { button.textContent = dark() ? "Light" : "Dark"; }
    button.hidden = false;
    button.addEventListener("click", function () {
      page.dataset.theme = dark() ? "light" : "dark";
      if (page.dataset.storage !== "none") localStorage.setItem("scheme", page.dataset.theme);
      name();
    });
    system.addEventListener("change", name);
    name();
  }

  // Receipts -------------------------------------------------------------------------------
  function dialog() {
    var box = one("#receipt-dialog");
    if (box) return box;
    var close = make("button", { type: "button", class: "action" }, ["Close"]);
    box = make("dialog", { id: "receipt-dialog", "aria-labelledby": "receipt-title" }, [
      make("div", { class: "dialog-head" }, [make("h2", { id: "receipt-title" }, ["Receipt"]), close]),
      make("div", { class: "dialog-body", tabindex: "0", "aria-label": "Receipt", role: "region" })
    ]);
    close.addEventListener("click", function () { box.close(); });
    box.addEventListener("click", function (event) { if (event.target === box) box.close(); });
    document.body.append(box);
    return box;
  }

  function showReceipt(link) {
    var id = link.dataset.fact;
    load("book/receipts/" + id + ".js").then(function (html) {
      var box = dialog(), body = one(".dialog-body", box);
      body.replaceChildren(make("section", { class: "receipt" }, [document.createRange().createContextualFragment(html)]));
      // Addresses in a receipt are written from the root of the site.
      all("a[href]", body).forEach(function (a) {
        var href = a.getAttribute("href");
        if (!/^[a-z]+:/.test(href)) a.setAttribute("href", root + href);
      });
      one("#receipt-title").textContent = "Receipt of " + link.textContent;
      one(".actions", body).append(copyCitation(body));
      box.onclose = function () { link.focus(); };
      box.showModal();
      body.scrollTop = 0;
    }, function () { location.href = link.href; });
  }

  function copyCitation(body) {
    var copy = make("button", { type: "button", class: "action" }, ["Copy citation"]);
    copy.addEventListener("click", function () { copyText(one(".citation-text", body).textContent + " " + one("a.full", body).href, copy); });
    return copy;
  }

  function copyText(text, button) {
    var said = button.textContent;
    function done() { button.textContent = "Copied"; announce("Copied"); setTimeout(function () { button.textContent = said; }, 2000); }
    function refused() { window.prompt("Copy this:", text); }
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, refused);
    else refused();
  }

  function receipts() {
    document.addEventListener("click", function (event) {
      var link = event.target.closest("a.fact");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      if (!window.HTMLDialogElement) return;
      event.preventDefault();
      showReceipt(link);
    });
  }

  // The board ------------------------------------------------------------------------------
  function board() {
    var filter = one("fieldset.filter");
    if (!filter) return;
    var rows = all("table.board tbody tr");
    function show(verdict) {
      rows.forEach(function (row) { row.hidden = verdict !== "all" && !one(".verdict-" + verdict, row); });
    }
    filter.hidden = false;
    filter.addEventListener("change", function (event) {
      show(event.target.value);
      history.replaceState(null, "", event.target.value === "all" ? location.pathname + location.search : "#verdict=" + event.target.value);
      announce(rows.filter(function (row) { return !row.hidden; }).length + " claims shown");
    });
    var wanted = /^#verdict=([a-z-]+)$/.exec(location.hash);
    var radio = wanted && one('input[value="' + wanted[1] + '"]', filter);
    if (radio) { radio.checked = true; show(radio.value); filter.scrollIntoView(); }
  }

  // The reader tries to break it -------------------------------------------------------------
  function trial(form) {
    var selects = all("select", form), outcome = one("output", form), strip = one("svg", form);
    form.hidden = false;

    function find(grid) {
      return grid.rows.find(function (row) {
        return selects.every(function (select, n) { return row.choices[n] === +select.value; });
      });
    }
    function same(row) { return selects.filter(function (select, n) { return row.choices[n] === +select.value; }).length; }
    // The choice just made stands; the others change where no published data go with it.
    function fit(grid, changed) {
      if (find(grid)) return [];
      var rows = grid.rows.filter(function (row) { return row.choices[changed] === +selects[changed].value; });
      var nearest = rows.reduce(function (best, row) { return same(row) > same(best) ? row : best; });
      return selects.filter(function (select, n) {
        var other = +select.value !== nearest.choices[n];
        select.value = nearest.choices[n];
        return other;
      });
    }
    function possible(grid, n, value) {
      return grid.rows.some(function (row) {
        return row.choices[n] === value && selects.every(function (select, m) { return m === n || row.choices[m] === +select.value; });
      });
    }
    function mark(grid, row) {
      strip.replaceChildren();
      grid.rows.concat(row ? [row] : []).forEach(function (other, n) {
        var chosen = n === grid.rows.length;
        var line = document.createElementNS("http://www.w3.org/2000/svg", "line");
        var where = { x1: other.at, x2: other.at, y1: chosen ? 0 : other.holds ? 4 : 22, y2: chosen ? 40 : other.holds ? 18 : 36 };
        Object.keys(where).forEach(function (key) { line.setAttribute(key, where[key]); });
        line.setAttribute("class", chosen ? "chosen" : other.holds ? "held" : "failed");
        strip.append(line);
      });
    }
    function tell(grid, moved) {
      var row = find(grid);
      selects.forEach(function (select, n) {
        all("option", select).forEach(function (option) {
          option.textContent = option.dataset.words + (possible(grid, n, +option.value) ? "" : " *");
        });
      });
      outcome.replaceChildren();
      if (row) outcome.append(make("b", {}, [row.estimate]), ": the verdict “" + grid.verdict + "” ", make("b", {}, [row.holds ? "holds" : "does not hold"]), " for this choice.");
      else outcome.append("No published data allow this combination.");
      if (moved.length) outcome.append(" No published data go with all you had chosen, so this changed too: " + moved.map(function (select) { return select.name + " (" + select.selectedOptions[0].dataset.words + ")"; }).join(", ") + ".");
      mark(grid, row);
    }
    function share() {
      var choice = new URLSearchParams();
      selects.forEach(function (select) { choice.set(select.name, select.selectedOptions[0].dataset.words); });
      history.replaceState(null, "", "#try&" + choice);
    }
    function shared() {
      if (location.hash.indexOf("#try&") !== 0) return false;
      var choice = new URLSearchParams(location.hash.slice(5));
      selects.forEach(function (select) {
        var option = all("option", select).find(function (o) { return o.dataset.words === choice.get(select.name); });
        if (option) select.value = option.value;
      });
      return true;
    }
    function start(changed) {
      load(form.dataset.source).then(function (grid) {
        tell(grid, changed < 0 ? [] : fit(grid, changed));
        if (changed >= 0) share();
      }, function () { outcome.textContent = "The table of choices could not be read."; });
    }
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("change", function (event) { start(selects.indexOf(event.target)); });
    one(".copy", form).addEventListener("click", function (event) {
      share();
      copyText(location.href, event.currentTarget);
    });
    if (shared()) { start(-1); form.scrollIntoView(); }
    else whenNear(form, function () { start(-1); });
  }

  function whenNear(element, act) {
    var watch = new IntersectionObserver(function (seen) {
      if (!seen.some(function (entry) { return entry.isIntersecting; })) return;
      watch.disconnect();
      act();
    });
    watch.observe(element);
  }

  // Live charts ------------------------------------------------------------------------------
  function chart(button) {
    var drawing = one(".drawing", button.closest(".chart"));
    button.hidden = false;
    function wake() {
      button.disabled = true;
      button.textContent = "Loading …";
      Promise.all([load(button.dataset.chart), load("_static/vega.js", true)]).then(function (loaded) {
        return enliven(drawing, loaded[0]);
      }).then(function () {
        button.textContent = "The chart is live: point, scroll to zoom, click the legend";
      }, function () {
        button.disabled = false;
        button.textContent = "Make the chart live (that failed; try again)";
      });
      drawing.removeEventListener("click", wake);
    }
    button.addEventListener("click", wake);
    drawing.addEventListener("click", wake);
  }

  function enliven(drawing, specification) {
    var style = getComputedStyle(document.documentElement);
    var shades = JSON.stringify(specification).replace(/var\((--[a-z0-9-]+)\)/g, function (whole, name) { return style.getPropertyValue(name).trim(); });
    var box = make("div", { class: "live" });
    // An interpreter instead of eval, and styles from our sheet: the policy allows no others.
    return window.vegaEmbed(box, JSON.parse(shades), {
      ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true }
    }).then(function () {
      var svg = one("svg", box);
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", one("svg", drawing).getAttribute("aria-label"));
      drawing.replaceChildren(box);
    });
  }

  // Search -----------------------------------------------------------------------------------
  function search() {
    var form = one("form.search");
    if (!form) return;
    var field = one("input", form), list = one(".results"), said = one("#found");
    function folded(text) { return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[’']/g, "'"); }
    function look() {
      var words = folded(field.value).split(/\s+/).filter(Boolean);
      history.replaceState(null, "", "search.html" + (field.value ? "?q=" + encodeURIComponent(field.value) : ""));
      list.replaceChildren();
      if (!words.length) { said.textContent = ""; return; }
      load("search-index.js").then(function (entries) {
        var found = entries.filter(function (entry) {
          var text = entry.text || (entry.text = folded(entry.title + " " + entry.about + " " + entry.kind));
          return words.every(function (word) { return text.indexOf(word) >= 0; });
        });
        found.sort(function (a, b) { return rank(b, words) - rank(a, words); });
        said.textContent = found.length + (found.length === 1 ? " place found" : " places found") + (found.length > 60 ? "; the first 60 are shown" : "");
        found.slice(0, 60).forEach(function (entry) {
          list.append(make("li", {}, [make("a", { href: entry.href }, [entry.title]), make("span", {}, [entry.kind + ". " + entry.about])]));
        });
      });
    }
    function rank(entry, words) {
      var title = folded(entry.title);
      return entry.weight + words.filter(function (word) { return title.indexOf(word) >= 0; }).length * 10;
    }
    form.addEventListener("submit", function (event) { event.preventDefault(); look(); });
    field.addEventListener("input", look);
    field.value = new URLSearchParams(location.search).get("q") || "";
    if (field.value) look();
  }

  scheme();
  receipts();
  board();
  all("form.try").forEach(trial);
  all("button[data-chart]").forEach(chart);
  search();
  all("button[data-copies]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { copyText(one(button.dataset.copies).textContent, button); });
  });
})();
