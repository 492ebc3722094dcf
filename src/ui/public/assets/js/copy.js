import { announce } from './announce.js';
import { t } from './i18n.js';

const SHOWN_MS = 2000;

/**
 * Makes a button copy the text of an element, and say so.
 * @param {HTMLButtonElement} button its label is in an element of the class `label`
 * @param {HTMLElement} source
 */
export function copyOnPress(button, source) {
  button.addEventListener('click', async () => {
    if (!(await copy(source))) return;
    button.dataset['copied'] = '';
    announce(t('action.copied'));
    setTimeout(() => delete button.dataset['copied'], SHOWN_MS);
  });
}

/**
 * The clipboard API exists only on https and localhost; a gateway in a home network is reached over http.
 * @param {HTMLElement} source
 */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? '');
    return true;
  } catch {
    const selection = getSelection();
    selection?.selectAllChildren(source);
    return document.execCommand('copy');
  }
}
