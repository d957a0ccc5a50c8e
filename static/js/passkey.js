// Asks the browser for a passkey and sends what it signed with the form around the button.

const CEREMONIES = {
  create: (options) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
    }),
  get: (options) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    }),
};

const PROBLEMS = {
  InvalidStateError: "This device has a passkey of this account already.",
  NotAllowedError: "No passkey was used. Try again when you are ready.",
  SecurityError: "The browser keeps no passkeys for this address.",
};

async function ask(form, button, problem) {
  problem.hidden = true;
  button.disabled = true;
  try {
    const credential = await CEREMONIES[form.dataset.passkey](JSON.parse(form.dataset.options));
    form.elements.passkey.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch (error) {
    problem.textContent = PROBLEMS[error.name] ?? `The passkey could not be used: ${error.message}`;
    problem.hidden = false;
    button.disabled = false;
  }
}

const known = window.PublicKeyCredential?.parseCreationOptionsFromJSON !== undefined;
for (const form of document.querySelectorAll("[data-passkey]")) {
  const button = form.querySelector("[type=submit]");
  const problem = form.querySelector("[data-problem]");
  button.disabled = !known;
  if (!known) {
    problem.textContent = "This browser is too old for passkeys.";
    problem.hidden = false;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form, button, problem);
  });
}
