// Opens the store of the folder that is given and holds it until it is killed.
import { createLogger } from '../../src/log.ts';
import { openStore } from '../../src/store/store.ts';

const store = openStore(process.argv[2] ?? '', createLogger({ level: 'silent' }));
process.send?.('open');
setInterval(() => store.connection.isOpen, 60_000);
