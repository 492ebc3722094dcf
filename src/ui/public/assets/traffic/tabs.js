import { byId, show } from '../js/dom.js';

/** Tabs as the ARIA Authoring Practices have them: one stop for Tab, arrows between them, chosen as the focus moves. */
export class Tabs {
  #names;
  #chosen;
  #changed;

  /**
   * @param {string[]} names each has a button `#tab-<name>` and a panel `#panel-<name>`
   * @param {(name: string) => void} changed
   */
  constructor(names, changed) {
    this.#names = names;
    this.#chosen = names[0] ?? '';
    this.#changed = changed;
    for (const name of names) {
      tab(name).addEventListener('click', () => this.choose(name));
      tab(name).addEventListener('keydown', (event) => this.#move(event));
    }
    this.#render();
  }

  get chosen() {
    return this.#chosen;
  }

  /** @param {string} name */
  choose(name) {
    this.#chosen = name;
    this.#render();
    this.#changed(name);
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const { length } = this.#names;
    const at = this.#names.indexOf(this.#chosen);
    /** @type {Record<string, number>} */
    const targets = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: length - 1 };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const name = this.#names[(target + length) % length] ?? '';
    this.choose(name);
    tab(name).focus();
  }

  #render() {
    for (const name of this.#names) {
      const isChosen = name === this.#chosen;
      tab(name).setAttribute('aria-selected', String(isChosen));
      tab(name).tabIndex = isChosen ? 0 : -1;
      show(byId(`panel-${name}`, HTMLElement), isChosen);
    }
  }
}

/** @param {string} name */
function tab(name) {
  return byId(`tab-${name}`, HTMLButtonElement);
}
