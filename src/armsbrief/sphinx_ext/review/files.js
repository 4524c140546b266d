// Compares every file of this site with manifest.json. Nothing is sent anywhere.
(function () {
  const button = document.getElementById("check-files");
  const status = document.getElementById("files-checked");
  const wrong = document.getElementById("files-wrong");
  if (!button) return;

  if (location.protocol === "file:" || !window.crypto || !crypto.subtle) {
    status.textContent =
      "This browser cannot compare files here: a page opened from a folder may not read the files " +
      "beside it. Type: armsbrief verify --manifest FOLDER";
    return;
  }
  button.hidden = false;

  async function hash(address) {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) return "not there (" + answer.status + ")";
    const digest = await crypto.subtle.digest("SHA-256", await answer.arrayBuffer());
    return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
  }

  function report(line) {
    const item = document.createElement("li");
    item.textContent = line;
    wrong.append(item);
  }

  async function check() {
    button.disabled = true;
    wrong.replaceChildren();
    const root = new URL("../", location.href);
    const listed = await fetch(new URL("manifest.json", root), { cache: "no-store" });
    if (!listed.ok) throw new Error("manifest.json is not there");
    const files = Object.entries((await listed.json()).files);
    let done = 0;
    let failed = 0;
    for (const [name, wanted] of files) {
      const found = await hash(new URL(name.split("/").map(encodeURIComponent).join("/"), root));
      if (found !== wanted) {
        failed += 1;
        report(name + ": " + found + "; the manifest says " + wanted);
      }
      done += 1;
      status.textContent = done + " of " + files.length + " files compared, " + failed + " differ.";
    }
  }

  button.addEventListener("click", () =>
    check()
      .catch((error) => (status.textContent = "Could not compare: " + error.message))
      .finally(() => (button.disabled = false)),
  );
})();
