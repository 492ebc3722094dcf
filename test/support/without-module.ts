/** NODE_OPTIONS for a process in which a module cannot be found, as after an installation that broke off. */
export function withoutModule(pattern: RegExp): string {
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(specifier, context, next) {
        if (!${String(pattern)}.test(specifier)) return next(specifier, context);
        throw Object.assign(new Error("Cannot find package '" + specifier + "'"), { code: 'ERR_MODULE_NOT_FOUND' });
      },
    });`;
  return `--import=data:text/javascript,${encodeURIComponent(program)}`;
}
