// `window.require` of WhatsApp Web: modules by name; an unknown name throws.

const modules = new Map();

/** Makes `exports` known under `name`. Modules stay writable: the library and the gateway replace functions in them. */
export function define(name, exports) {
  modules.set(name, exports);
}

export function installRequire() {
  window.require = (name) => {
    if (!modules.has(name)) throw new Error(`Requiring unknown module "${name}".`);
    return modules.get(name);
  };
}
