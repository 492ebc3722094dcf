/**
 * What the browser keeps for the page. Where the person allows no storage, every access throws: the page
 * then works all the same and forgets.
 */

/**
 * @param {'localStorage' | 'sessionStorage'} kind
 * @param {string} name
 * @returns {string | null}
 */
export function recall(kind, name) {
  try {
    return window[kind].getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {'localStorage' | 'sessionStorage'} kind
 * @param {string} name
 * @param {string | null} value null forgets it
 */
export function remember(kind, name, value) {
  try {
    if (value === null) window[kind].removeItem(name);
    else window[kind].setItem(name, value);
  } catch {
    // Forgotten with the page.
  }
}
