// Incoming calls: the library hears of them by replacing `set` of the collection's own Map.
import { Emitter } from './models.js';
import { define } from './registry.js';
import { onUpdate } from './updates.js';
import { createWid } from './wid.js';

class CallCollection extends Emitter {
  _calls = new Map();
}

const calls = new CallCollection();

onUpdate('call', ({ id, from, isVideo = false, isGroup = false }) => {
  calls._calls.set(id, {
    id,
    peerJid: createWid(from),
    isVideo,
    isGroup,
    canHandleLocally: true,
    outgoing: false,
    webClientShouldHandle: false,
    participants: [],
  });
});

define('WAWebCallCollection', calls);
