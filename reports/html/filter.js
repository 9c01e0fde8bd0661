"use strict";
const form = document.getElementById("filter");
if (form) {
  const findings = [...document.querySelectorAll(".finding")];
  const apply = () => {
    const grades = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
    const words = document.getElementById("words").value.toLowerCase();
    for (const each of findings) {
      each.hidden = !grades.has(each.dataset.severity) || !each.dataset.words.includes(words);
    }
    for (const file of document.querySelectorAll("section.file")) {
      file.hidden = !file.querySelector(".finding:not([hidden])");
    }
    document.getElementById("shown").value = findings.filter((each) => !each.hidden).length + " shown";
  };
  document.getElementById("words").value = new URLSearchParams(location.hash.slice(1)).get("words") || "";
  apply();
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
}
