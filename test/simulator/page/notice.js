// What WhatsApp Web tells a person who looks at it when no login is possible.

const TEXTS = {
  blocked: 'This account is not allowed to use WhatsApp.',
  outdated: 'Update WhatsApp Web: this version is out of date.',
  passkey: 'Use your passkey to log in. Continue on this device to verify it is you.',
};

/** Shows a notice in the page. */
export function notice(name) {
  const text = document.getElementById('notice');
  text.textContent = TEXTS[name];
  text.dataset.notice = name;
}
