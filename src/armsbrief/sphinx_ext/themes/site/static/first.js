// Before the first paint: the scheme that the reader chose here. After it: all other script,
// because the page is whole without and a slow line should carry the text first.
(function () {
  "use strict";
  var page = document.documentElement, rest = document.currentScript.dataset.rest;
  try {
    var chosen = localStorage.getItem("scheme");
    if (chosen) page.dataset.theme = chosen;
  } catch (refused) {
    page.dataset.storage = "none";
  }
  addEventListener("load", function () {
    var script = document.createElement("script");
    script.src = rest;
    document.head.append(script);
  });
})();
