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

/**
 * Puts the focus where reading goes on when the element that had it is gone.
 * @param {HTMLElement} element
 */
export function catchFocus(element) {
  const { activeElement } = document;
  if (activeElement === null || activeElement === document.body) element.focus({ preventScroll: true });
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
