/**
 * An element of the page that has to be there.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

/**
 * A part of an element that has to be there.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function part(root, selector, type) {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`the page has no ${selector}`);
  return element;
}

/**
 * Writes only what differs, so that selections stay and screen readers keep quiet.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {boolean} visible
 */
export function show(element, visible) {
  element.toggleAttribute('hidden', !visible);
}

/**
 * Shows text when there is some, else nothing.
 * @param {Element} element
 * @param {string | null} text
 */
export function setOptional(element, text) {
  show(element, text !== null);
  setText(element, text ?? '');
}

/**
 * Points an icon at a symbol of the page.
 * @param {SVGUseElement} use
 * @param {string} name
 */
export function setIcon(use, name) {
  const reference = `#icon-${name}`;
  if (use.getAttribute('href') !== reference) use.setAttribute('href', reference);
}

/** Whether what had the focus is gone, or has just become invisible. */
function isFocusLost() {
  const { activeElement, body } = document;
  return activeElement === null || activeElement === body || activeElement.getClientRects().length === 0;
}

/**
 * Does what may hide the element that has the focus, and then puts the focus where reading goes on.
 * @template Result
 * @param {HTMLElement} root nothing happens when the focus is elsewhere
 * @param {HTMLElement} heading
 * @param {() => Result} change
 * @returns {Result}
 */
export function keepingFocus(root, heading, change) {
  const hadFocus = root.contains(document.activeElement);
  const result = change();
  if (hadFocus && isFocusLost()) heading.focus({ preventScroll: true });
  return result;
}

/**
 * A dialog gives the focus back to what opened it; when that is gone, reading goes on at the state.
 * @param {HTMLDialogElement} dialog
 */
export function catchFocusAfter(dialog) {
  dialog.addEventListener('close', () => {
    if (isFocusLost()) byId('card-title', HTMLElement).focus({ preventScroll: true });
  });
}

/**
 * Fills a progress bar and the number beside it, or hides both.
 * @param {Element} root
 * @param {number | null} percent
 * @param {string} words
 */
export function setProgress(root, percent, words) {
  show(root, percent !== null);
  if (percent === null) return;
  part(root, 'progress', HTMLProgressElement).value = percent;
  setText(part(root, '.progress-percent', HTMLElement), words);
}
