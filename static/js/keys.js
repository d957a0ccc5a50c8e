// One key for what one does often: "/" or "s" to search, and what [data-key] names. "?" tells of
// them and lets one switch them off, since some people speak or scan instead of typing.

const SWITCH = "waybill-keys";
const NAMES = [
  ["/", "search; s does the same"],
  ["h", "home page"],
  ["d", "dashboard"],
  ["r", "readme of the crate"],
  ["p", "provenance of the version"],
  ["v", "versions of the crate"],
  ["e", "what the version depends on"],
  ["?", "this list"],
];

function isOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  }
}

function remember(on) {
  try {
    localStorage.setItem(SWITCH, on ? "on" : "off");
  } catch {
    // Without storage it holds until the next page.
  }
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function helpDialog() {
  const list = element("dl", { className: "meta" });
  for (const [key, meaning] of NAMES) {
    list.append(element("dt", {}, element("kbd", {}, key)), element("dd", {}, meaning));
  }
  const box = element("input", { type: "checkbox", checked: isOn() });
  box.addEventListener("change", () => remember(box.checked));
  const choice = element("label", { className: "choice" }, box, element("span", {}, "Keys work"));
  const close = element("button", { className: "button", type: "button", autofocus: true }, "Close");
  const title = element("h2", { id: "keys-title" }, "Keys");
  const dialog = element("dialog", { className: "dialog" }, title, list, choice, close);
  dialog.setAttribute("aria-labelledby", "keys-title");
  close.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  return dialog;
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog") !== null;
}

let help;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "?") {
    help ??= helpDialog();
    help.showModal();
  } else if (!isOn()) {
    return;
  } else if (event.key === "/" || event.key === "s") {
    const input = document.querySelector("[data-suggest]");
    input?.focus();
    input?.select();
  } else {
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    location.assign(target.href);
  }
  event.preventDefault();
});
