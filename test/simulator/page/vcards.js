// Contact cards.
import { define } from './registry.js';

function vcardFromContactModel(contact) {
  const name = contact.formattedName;
  const { user } = contact.id;
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `N:;${name};;;`, `FN:${name}`];
  lines.push(`TEL;type=CELL;waid=${user}:+${user}`, 'END:VCARD');
  return { displayName: name, vcard: lines.join('\n') };
}

function parseVcard(text) {
  const fields = text.split(/\r?\n/).map((line) => line.split(/:(.*)/s));
  if (!fields.some(([name]) => name === 'END')) throw new Error('not a vcard');
  return Object.fromEntries(fields.filter(([name]) => name));
}

define('WAWebFrontendVcardUtils', { vcardFromContactModel });
define('WAWebVcardParsingUtils', { parseVcard });
define('WAWebVcardGetNameFromParsed', { vcardGetNameFromParsed: (parsed) => parsed.FN ?? '' });
