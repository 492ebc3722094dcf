/** Makes an element: properties (`class`, `data-…` and `aria-…` as attributes), then children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') element.className = value;
    else if (name.includes('-')) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A button that is disabled while its action runs. */
export function button(text, properties, action) {
  const element = h('button', { type: 'button', ...properties }, text);
  element.addEventListener('click', async () => {
    element.disabled = true;
    await action();
    element.disabled = false;
  });
  return element;
}
