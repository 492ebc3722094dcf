import { type FindBrowserOptions, findBrowser } from '../../src/whatsapp/browser.ts';

/** Finds a browser in a process of its own; for tests in which two do it at once, or one is killed at it. */
const options = JSON.parse(process.argv[2] ?? '{}') as FindBrowserOptions;
process.stdout.write(JSON.stringify(await findBrowser(options)));
