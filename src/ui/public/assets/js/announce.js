import { byId, setText } from './dom.js';

/**
 * Tells a screen reader, politely. What lies behind an open dialog is silent, so each dialog has a place of its own.
 * @param {string} text
 */
export function announce(text) {
  const place = document.querySelector('dialog[open] [role="status"]') ?? byId('announcer', HTMLElement);
  setText(place, text);
}
