import { enableCompileCache } from 'node:module';

import { catchStopSignals } from './signals.ts';

const onStopSignal = catchStopSignals();
// Parsing the dependencies is a third of the way from the start to the first QR; from the second start on it
// is read from a cache in the temp folder. It has to be switched on before they are imported.
enableCompileCache();
const { readEnvFile } = await import('./env-file.ts');
const problems = readEnvFile();
const { lookForBrowser } = await import('./early-browser.ts');
const browser = lookForBrowser();
const { run } = await import('./run.ts');
await run({ browser, problems, onStopSignal });
