import { en } from '../words/en.js';
import { ru } from '../words/ru.js';
import { recall, remember } from './storage.js';

/** @typedef {keyof typeof en} WordKey */
/** @typedef {'en' | 'ru'} Language */

/** @type {Record<Language, Record<WordKey, string>>} */
const WORDS = { en, ru };

const SAVED = 'gateway.language';

/** @type {Language} */
let language = 'en';

/**
 * The first of the browser's languages that there are words for; what the person chose goes before.
 * @param {string | null} chosen
 * @param {readonly string[]} preferred BCP 47 tags, best first
 * @returns {Language}
 */
export function pickLanguage(chosen, preferred) {
  for (const tag of [chosen ?? '', ...preferred]) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'en' || primary === 'ru') return primary;
  }
  return 'en';
}

/** Starts with the language that was chosen earlier, or the browser's. */
export function startLanguage() {
  language = pickLanguage(recall('localStorage', SAVED), navigator.languages);
}

/** @param {string} chosen */
export function chooseLanguage(chosen) {
  language = pickLanguage(chosen, navigator.languages);
  remember('localStorage', SAVED, language);
}

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/**
 * Words in the current language.
 * @param {WordKey} key
 * @param {Record<string, string | number>} [values] what fills `{name}`
 * @returns {string}
 */
export function t(key, values = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
}

/**
 * @param {string} key
 * @returns {key is WordKey}
 */
export function hasWords(key) {
  return Object.hasOwn(WORDS[language], key);
}

/**
 * Fills every element that names its words: `data-t` its text, `data-t-label` its accessible name.
 * @param {ParentNode} root
 */
export function translate(root) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll('[data-t]')) {
    element.textContent = wordsNamed(element.getAttribute('data-t'));
  }
  for (const element of root.querySelectorAll('[data-t-label]')) {
    element.setAttribute('aria-label', wordsNamed(element.getAttribute('data-t-label')));
  }
}

/** @param {string | null} key */
function wordsNamed(key) {
  if (key === null || !hasWords(key)) throw new Error(`no words for ${key}`);
  return t(key);
}
