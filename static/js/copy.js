// Lets the button of a .copy element put its text on the clipboard.

const SHOWN_FOR = 2000;

async function copy(button) {
  const text = button.parentElement.querySelector("code").textContent.trim();
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not copied";
  }
  button.disabled = true;
  setTimeout(() => {
    button.textContent = label;
    button.disabled = false;
  }, SHOWN_FOR);
}

// Browsers offer the clipboard to secure pages only.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.dataset.ready = "";
    button.addEventListener("click", () => copy(button));
  }
}
