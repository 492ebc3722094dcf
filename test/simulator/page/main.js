// WhatsApp Web, simulated: every import defines its modules; the page counts as booted when
// `Debug.VERSION` is there.
import { config, faults } from './config.js';
import { installRequire } from './registry.js';
import './account.js';
import './calls.js';
import './message-actions.js';
import './vcards.js';
import './send.js';
import { start } from './session.js';

installRequire();
setTimeout(() => {
  window.Debug = faults.noVersion ? {} : { VERSION: config.version };
  start();
}, config.bootMs);
