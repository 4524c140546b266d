// Before the first paint: the scheme that the reader chose here, if any.
(function () {
  "use strict";
  try {
    var chosen = localStorage.getItem("scheme");
    if (chosen) document.documentElement.dataset.theme = chosen;
  } catch (refused) {
    document.documentElement.dataset.storage = "none";
  }
})();
