// Models and collections in the manner of Backbone, as WhatsApp Web has them.

export class Emitter {
  #listeners = new Map();

  /** `names` may hold several event names, separated by spaces. */
  on(names, listener) {
    for (const name of names.split(/\s+/)) {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    }
    return this;
  }

  off(names, listener) {
    for (const name of names.split(/\s+/)) {
      const rest = (this.#listeners.get(name) ?? []).filter(
        (known) => known !== listener && known.original !== listener,
      );
      this.#listeners.set(name, rest);
    }
    return this;
  }

  once(names, listener) {
    const first = (...args) => {
      this.off(names, first);
      listener(...args);
    };
    first.original = listener;
    return this.on(names, first);
  }

  trigger(name, ...args) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(...args);
      } catch (error) {
        console.error(error);
      }
    }
    return this;
  }

  listenerCount(name) {
    return this.#listeners.get(name)?.length ?? 0;
  }
}

export class Model extends Emitter {
  #attributes = {};
  collection = null;

  constructor(attributes = {}) {
    super();
    Object.defineProperty(this, 'collection', { enumerable: false, writable: true, value: null });
    for (const [name, value] of Object.entries(attributes)) this.#declare(name, value);
  }

  /** Sets one attribute or several; fires `change:<name>` and `change` here and on the collection. */
  set(nameOrAttributes, value) {
    const given = typeof nameOrAttributes === 'string' ? { [nameOrAttributes]: value } : nameOrAttributes;
    const changes = [];
    for (const [name, next] of Object.entries(given)) {
      const previous = this.#attributes[name];
      if (previous === next) continue;
      this.#declare(name, next);
      changes.push([`change:${name}`, next, previous]);
    }
    for (const [event, next, previous] of changes) this.#fire(event, next, previous);
    if (changes.length > 0) this.#fire('change');
    return this;
  }

  serialize() {
    return { ...this.#attributes };
  }

  toJSON() {
    return this.serialize();
  }

  unsafe() {
    return this;
  }

  #declare(name, value) {
    this.#attributes[name] = value;
    if (Object.hasOwn(this, name) || name in Model.prototype) return;
    Object.defineProperty(this, name, {
      configurable: true,
      enumerable: true,
      get: () => this.#attributes[name],
      set: (next) => {
        this.set(name, next);
      },
    });
  }

  #fire(event, ...values) {
    this.trigger(event, this, ...values);
    this.collection?.trigger(event, this, ...values);
  }
}

/** The text of an id of any kind: text, wid, message key. */
export function idText(id) {
  if (id === undefined || id === null) return undefined;
  return typeof id === 'string' ? id : id.toString();
}

export class Collection extends Emitter {
  #models = new Map();

  constructor(modelClass = Model) {
    super();
    this.modelClass = modelClass;
  }

  /** Adds a model that is not known yet, and fires `add`. Returns the model that the collection holds. */
  add(model, { silent = false } = {}) {
    const id = idText(model.id);
    const known = this.#models.get(id);
    if (known) return known;
    this.#models.set(id, model);
    model.collection ??= this;
    if (!silent) this.trigger('add', model);
    return model;
  }

  get(id) {
    return this.#models.get(idText(id));
  }

  async find(id) {
    return this.get(id);
  }

  remove(idOrModel) {
    const id = idText(idOrModel?.id && !idOrModel.server ? idOrModel.id : idOrModel);
    const model = this.#models.get(id);
    if (!model) return;
    this.#models.delete(id);
    this.trigger('remove', model);
  }

  reset() {
    this.#models.clear();
  }

  getModelsArray() {
    return [...this.#models.values()];
  }

  get _models() {
    return this.getModelsArray();
  }

  get length() {
    return this.#models.size;
  }

  filter(test) {
    return this.getModelsArray().filter(test);
  }

  map(change) {
    return this.getModelsArray().map(change);
  }

  forEach(visit) {
    this.getModelsArray().forEach(visit);
  }

  some(test) {
    return this.getModelsArray().some(test);
  }

  serialize() {
    return this.map((model) => model.serialize());
  }

  toJSON() {
    return this.serialize();
  }
}
