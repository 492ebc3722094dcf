import { type Faults, NO_FAULTS } from '../faults.ts';
import type { SimulatorOptions } from '../options.ts';
import { GroupActions } from './group-actions.ts';
import { Holds } from './holds.ts';
import { Journal } from './journal.ts';
import { Linking } from './linking.ts';
import { MessageActions } from './message-actions.ts';
import { Messaging } from './messaging.ts';
import { type PageHandlers, PageHub } from './page-hub.ts';
import { People } from './people.ts';
import { QrIssuer } from './qr-issuer.ts';
import { WebServer } from './web.ts';
import { World } from './world.ts';

export type Parts = ReturnType<typeof buildParts>;

/** Builds the parts of a simulator and wires them; nothing listens yet. */
export function buildParts(options: SimulatorOptions) {
  const faults: Faults = { ...NO_FAULTS };
  const world = new World(options);
  const hub = new PageHub();
  const holds = new Holds();
  const qrs = new QrIssuer(options, () => {
    world.onChange();
  });
  const journal = new Journal(hub, options);
  const linking = new Linking(world, faults, hub, qrs, journal);
  const messaging = new Messaging(world, faults, journal, holds);
  const actions = new MessageActions(world, journal);
  const groups = new GroupActions(world, journal);
  const people = new People(world, journal);
  const handlers: PageHandlers = {
    ...linking.handlers,
    ...messaging.handlers,
    ...actions.handlers,
    ...groups.handlers,
    ...people.handlers,
  };
  const web = new WebServer(options, faults, (socket) => {
    hub.add(socket, handlers, (page) => {
      linking.forget(page);
    });
  });
  return { options, faults, world, hub, holds, qrs, journal, linking, messaging, actions, groups, web };
}
