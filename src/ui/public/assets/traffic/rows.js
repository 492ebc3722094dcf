/**
 * Brings the items of a list into line with what is to be shown. An item keeps its element while it stays, so
 * that focus, selection and what was opened stay too.
 * @template Item
 * @param {HTMLElement} list
 * @param {readonly Item[]} items
 * @param {{
 *   keyOf: (item: Item) => string,
 *   make: (item: Item) => HTMLElement,
 *   fill?: (element: HTMLElement, item: Item) => void,
 * }} how
 */
export function showRows(list, items, { keyOf, make, fill }) {
  const present = new Map(
    [...list.children].map((element) => [element.getAttribute('data-key') ?? '', element]),
  );
  /** @type {Element | null} */
  let next = list.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = present.get(key);
    present.delete(key);
    if (!(element instanceof HTMLElement)) {
      element = make(item);
      element.setAttribute('data-key', key);
    }
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
    if (element instanceof HTMLElement) fill?.(element, item);
  }
  for (const element of present.values()) element.remove();
}

/**
 * A copy of a template's one element.
 * @param {HTMLTemplateElement} template
 * @returns {HTMLElement}
 */
export function copyOf(template) {
  const element = document.importNode(template.content, true).firstElementChild;
  if (!(element instanceof HTMLElement)) throw new Error('the template is empty');
  return element;
}
