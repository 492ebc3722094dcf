import type { Express } from 'express';

export interface Route {
  readonly method: string;
  /** As Express has it, with `:names`. */
  readonly path: string;
}

/** Every method of every path that an app answers, read from its router; a new route is among them by itself. */
export function routesOf(app: Express): Route[] {
  const routes: Route[] = [];
  for (const layer of app.router.stack) {
    if (layer.route === undefined) continue;
    for (const { method } of layer.route.stack as { method?: string }[]) {
      // The handler of `all` has none: it refuses what is not among the others.
      if (method !== undefined) routes.push({ method: method.toUpperCase(), path: layer.route.path });
    }
  }
  return routes;
}
