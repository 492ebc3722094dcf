// The account that this device is linked to.
import { define } from './registry.js';
import { createWid } from './wid.js';

const me = { pn: null, lid: null };

export function setMe({ id, lid }) {
  me.pn = createWid(id);
  me.lid = lid ? createWid(lid) : null;
}

export const mePn = () => me.pn;
export const meLid = () => me.lid;
export const isMe = (wid) => wid.equals(me.pn) || wid.equals(me.lid);

define('WAWebUserPrefsMeUser', {
  getMaybeMePnUser: mePn,
  getMaybeMeLidUser: meLid,
  getMePnUserOrThrow: mePn,
  isMeAccount: isMe,
});
